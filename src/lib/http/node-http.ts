/**
 * What is used of node:http. Not imported from there: an import makes Node fill in every export of
 * the module, and one of them is its WebSocket, for which it loads a whole second HTTP client, 35
 * ms and 12 MB in each process.
 */
export const { Agent, request, validateHeaderName, validateHeaderValue } = process.getBuiltinModule('node:http');
