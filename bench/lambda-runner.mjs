/**
 * Invokes a bundled function once in a new process:
 * `lambda-runner.mjs <bundle> <request.json> <reply.json>`. It is plain JavaScript, because Lambda
 * does not spend time on stripping types, which would be measured.
 */
import { readFile, writeFile } from 'node:fs/promises';

const timeoutMs = 15 * 60_000;
const [bundle, requestPath, replyPath] = process.argv.slice(2);
const { handler } = await import(bundle);
const endsAtMs = Date.now() + timeoutMs;
const context = { getRemainingTimeInMillis: () => endsAtMs - Date.now() };
await writeFile(replyPath, JSON.stringify(await handler(JSON.parse(await readFile(requestPath, 'utf8')), context)));
// Lambda freezes a process after its reply, even if it has open handles.
process.exit();
