// Reads the events of a run and says what was archived and what was not.
// Usage: npx cloud-sync sync --provider gopro --to ARCHIVE --json | node docs/examples/read-events.js
import { createInterface } from 'node:readline';

for await (const line of createInterface({ input: process.stdin })) {
  const event = JSON.parse(line);
  switch (event.type) {
    case 'file.archived':
      console.log(`archived ${event.path} (${event.sizeBytes} bytes)`);
      break;
    case 'medium.failed':
      console.log(`failed ${event.name}: ${event.reason} (${event.code})`);
      break;
    case 'file.failed':
      console.log(`failed ${event.key}: ${event.reason} (${event.code})`);
      break;
    case 'file.lost':
      console.log(`lost ${event.path}, last copy: ${event.lastCopy ?? 'none'}`);
      break;
    case 'run.finished':
      console.log(`${event.outcome}: ${event.files.archived} archived, ${event.files.failed} failed`);
      process.exitCode = event.exitCode;
      break;
  }
}
