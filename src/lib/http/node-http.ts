/**
 * The parts of node:http that we use. There is no `import`, because Node would then make all
 * exports. One export is WebSocket, which loads a second HTTP client (35 ms and 12 MB in each
 * process).
 */
export const { Agent, request, validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http');
