/**
 * Invokes a bundled function once in a new process:
 * `lambda-runner.mjs <bundle> <request.json> <reply.json>`. The file is plain JavaScript. Stripping
 * types would take time that Lambda does not spend, and the bench would measure that time.
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
