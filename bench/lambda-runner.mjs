/**
 * One invocation of a bundled function, in a process that has served none before: `lambda-runner.mjs <bundle> <request.json> <reply.json>`. Plain
 * JavaScript, because what Node needs to read TypeScript is not there in Lambda and would be measured with it.
 */
import { readFile, writeFile } from 'node:fs/promises';

const timeoutMs = 15 * 60_000;
const [bundle, requestPath, replyPath] = process.argv.slice(2);
const { handler } = await import(bundle);
const endsAtMs = Date.now() + timeoutMs;
const context = { getRemainingTimeInMillis: () => endsAtMs - Date.now() };
await writeFile(replyPath, JSON.stringify(await handler(JSON.parse(await readFile(requestPath, 'utf8')), context)));
// Lambda freezes a process that has replied, whatever it still has open.
process.exit();
