/**
 * The parts of node:http that we use. An `import` would make Node load every export. One of them is
 * WebSocket, which loads a second HTTP client (35 ms and 12 MB in each process).
 */
export const { Agent, request, validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http');
