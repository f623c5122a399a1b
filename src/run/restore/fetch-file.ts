import type { ContentFacts, TakeBytes } from '../../destination/destination.ts';
import type { TargetFile } from '../../destination/target.ts';
import { asSyncError, type SyncError } from '../../errors.ts';
import type { Report } from '../../events.ts';
import type { Clock } from '../../lib/clock.ts';
import { combineCrc32 } from '../../lib/crc32.ts';
import { backoffMs } from '../../lib/retry.ts';
import type { Proof } from '../../media.ts';
import type { ArchivedFile } from '../../plan/restore/archived-files.ts';
import type { Accounting } from '../../transfer/accounting.ts';
import { damagedError } from '../read-archive/archive-errors.ts';
import { readFile, type ReadPorts } from '../read-archive/read-file.ts';
import { proveFile, type ProofPorts } from './prove-file.ts';

interface FetchPorts extends ProofPorts, ReadPorts {
  readonly clock: Clock;
  readonly report: Report;
  readonly accounting: Accounting;
}

/** A file gets this many attempts in a row without a new byte. */
const maxAttempts = 5;
const nothing: ContentFacts = { sizeBytes: 0, crc32: 0 };
const pauses = { firstMs: 500, maxMs: 10_000 };

/**
 * Reads a file from the archive into a draft, from the byte that the draft has reached. Returns how
 * the whole file compares with the provider's claim. Errors: FILE_MISSING, CHECKSUM_MISMATCH
 * (damaged in the archive), UNREADABLE, and those of both places.
 */
export async function fetchFile(draft: TargetFile, wanted: ContentFacts, file: ArchivedFile, ports: FetchPorts): Promise<Proof> {
  const fetch = async (take?: TakeBytes) => readRest(draft, wanted, file, ports, take);
  const readAgain = async (take?: TakeBytes) => draft.measure(ports.signal, take);
  let isFirst = true;
  for (let attempt = 1; ; attempt += 1) {
    const before = draft.storedBytes();
    try {
      return await proveFile(file, ports, fetch, readAgain);
    } catch (thrown) {
      ports.signal.throwIfAborted();
      const error = asSyncError(thrown);
      if (draft.storedBytes() > before) attempt = 1;
      if (error.decision === 'retry' && attempt < maxAttempts) await pause(error, attempt, file, ports);
      else if (error.code === 'CHECKSUM_MISMATCH' && isFirst) {
        // The bytes may have changed on the way. Those of an earlier run may be wrong too, for
        // example after a power failure.
        isFirst = false;
        ports.report({ type: 'file.restarted', id: file.id, key: file.key, code: error.code, reason: error.message });
        ports.accounting.advanceFile(file.key, -draft.storedBytes());
        await draft.restart();
      } else throw error;
    }
  }
}

/** Reads what the draft lacks. The stored bytes are compared together with the new ones. */
async function readRest(
  draft: TargetFile,
  wanted: ContentFacts,
  file: ArchivedFile,
  ports: FetchPorts,
  take?: TakeBytes,
): Promise<void> {
  const { key } = file;
  const before = await draft.measure(ports.signal, take);
  const isAll = before.sizeBytes === wanted.sizeBytes && wanted.sizeBytes > 0;
  const rest = isAll ? nothing : await readFrom(before.sizeBytes, draft, file, ports, take);
  const sizeBytes = before.sizeBytes + rest.sizeBytes;
  if (sizeBytes !== wanted.sizeBytes)
    throw damagedError(key, `has ${sizeBytes} bytes instead of ${wanted.sizeBytes}`, ports.archive);
  const crc32 = combineCrc32(before.crc32, rest.crc32, rest.sizeBytes);
  if (crc32 !== wanted.crc32) throw damagedError(key, 'has other bytes than were archived', ports.archive);
}

async function readFrom(
  from: number,
  draft: TargetFile,
  { key }: ArchivedFile,
  ports: FetchPorts,
  alsoTake?: TakeBytes,
): Promise<ContentFacts> {
  const { accounting } = ports;
  const take = async (bytes: Uint8Array): Promise<void> => {
    await Promise.all([draft.write(bytes), alsoTake?.(bytes)]);
    accounting.countFetched(bytes.length);
    accounting.advanceFile(key, bytes.length);
  };
  return readFile(key, { from }, take, ports);
}

async function pause(error: SyncError, attempt: number, { id, key }: ArchivedFile, ports: FetchPorts): Promise<void> {
  const delayMs = Math.round(error.retryAfterMs ?? backoffMs(attempt, pauses));
  ports.report({ type: 'file.retried', id, key, code: error.code, reason: error.message, delayMs });
  await ports.clock.sleep(delayMs, ports.signal);
}
