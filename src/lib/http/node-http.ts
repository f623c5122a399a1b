/**
 * The parts of node:http that we use. They are not imported, because for an import Node also makes
 * the other exports. One of those is WebSocket, which loads a second HTTP client (35 ms and 12 MB
 * in each process).
 */
export const { Agent, request, validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http');
