/**
 * The types of node:http that we use. We do not import the module itself: Node then fills in all
 * its exports. One of them is its WebSocket, which loads a second HTTP client (35 ms and 12 MB in
 * each process).
 */
export const { Agent, request, validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http');
