import type { Destination, Keys, ListedFile } from '../destination/destination.ts';
import { asSyncError } from '../errors.ts';
import { alwaysRoles } from '../media.ts';
import type { Report } from '../events.ts';
import { decodeClaim, provingPartBytes, wayOf } from '../proof/claim.ts';
import type { TrackedOriginal, Tracker } from '../tracker/tracker.ts';
import type { ArchivedFile } from '../transfer/context.ts';
import { archivedEvent, describeFile, mediumSet } from '../transfer/describe.ts';
import { createTrust, type Trust } from '../transfer/trust.ts';

/**
 * The first step of a run. It completes what a killed run left, and reads the archive's
 * descriptions if the tracker is new.
 */

export interface RecoverPorts {
  readonly destination: Destination;
  readonly tracker: Tracker;
  readonly report: Report;
}

/**
 * Adopts the archive's files into a new tracker. With `publish` it also completes intents and
 * removes uploads that nobody needs. A caller that sets `publish` must have the archive's lease.
 * Returns the files that it completed.
 */
export async function recover(ports: RecoverPorts, options: { readonly publish: boolean }): Promise<readonly ArchivedFile[]> {
  const { destination, tracker, report } = ports;
  if (await tracker.needsAdoption()) await adopt(destination.list(), ports);
  const recovered: ArchivedFile[] = [];
  if (!options.publish) return recovered;
  for (const row of await tracker.intents()) {
    const stored = await fulfil(row, ports);
    if (!stored) continue;
    recovered.push(stored);
    report(archivedEvent(row.original, stored, { location: destination.location, proof: stored.proof }));
  }
  await destination.sweep(new Set(await tracker.uploads()));
  return recovered;
}

/**
 * Adopts the described files whose keys are not in `known`. Returns the number of new originals,
 * and the keys of all files with a readable description that are not in `known`.
 */
export async function adoptUnknown(
  ports: RecoverPorts,
  known: Keys,
): Promise<{ readonly adopted: number; readonly described: ReadonlySet<string> }> {
  const described = new Set<string>();
  const files = ports.destination.list({ except: known })[Symbol.asyncIterator]();
  const first = await files.next();
  if (first.done) return { adopted: 0, described };
  async function* noted(): AsyncGenerator<ListedFile> {
    for (let next = first; !next.done; next = await files.next()) {
      if (next.value.description) described.add(next.value.key);
      yield next.value;
    }
  }
  return { adopted: await adopt(noted(), ports), described };
}

async function adopt(files: AsyncIterable<ListedFile>, { destination, tracker, report }: RecoverPorts): Promise<number> {
  const proofs = new Map<string, Parameters<Trust['noteProven']>>();
  const adopted = await tracker.adopt(collectingProofs(files, proofs), { forgetsAbsentFiles: destination.forgetsAbsentFiles });
  const trust = createTrust(tracker);
  for (const proof of proofs.values()) await trust.noteProven(...proof);
  if (adopted > 0) report({ type: 'archive.adopted', files: adopted });
  return adopted;
}

/**
 * Passes files on, and collects one proof of each way that proved a file. Without these ways the
 * next wrong copy would be archived without a second fetch.
 */
async function* collectingProofs(
  files: AsyncIterable<ListedFile>,
  proofs: Map<string, Parameters<Trust['noteProven']>>,
): AsyncGenerator<ListedFile> {
  for await (const file of files) {
    const { evidence, original } = file.description ?? {};
    const claim = evidence?.proof === 'proven' ? decodeClaim(evidence.claim) : null;
    const partBytes = claim && provingPartBytes(claim, file.sizeBytes, evidence?.claimPartBytes ?? null);
    if (claim && original && partBytes !== null)
      proofs.set(`${original.account} ${wayOf(claim, partBytes)}`, [original.account, claim, partBytes]);
    yield file;
  }
}

/**
 * Publishes an original that has an intent. All its bytes had arrived before the intent was
 * recorded, so `commit` does only the missing steps. If the original is COMPLETED, the intent is
 * for a repair, so `commit` replaces the file. If `commit` fails, the transfer fetches the original
 * like any other original.
 */
async function fulfil(row: TrackedOriginal, { destination, tracker, report }: RecoverPorts): Promise<ArchivedFile | undefined> {
  const { original, sizeBytes, crc32, validator, claim, claimPartBytes } = row;
  const proof = row.proof ?? 'none';
  const { key } = original;
  const tracked = await tracker.medium(original.mediaId);
  if (!tracked || sizeBytes === null || crc32 === null) return undefined;
  // The tracker saves no upload for a small file. With this invented upload `commit` finds a file
  // that is already under its key.
  const { state, parts } = (await tracker.upload(row.id)) ?? {
    state: { id: '', partSizeBytes: sizeBytes, sizeBytes, validator },
    parts: [{ number: 1, sizeBytes, crc32, receipt: '' }],
  };
  const roles = tracked.resolvedRoles.length > 0 ? tracked.resolvedRoles : alwaysRoles;
  const set = mediumSet(tracked.medium, roles, await tracker.originals(original.mediaId), tracked.unavailable);
  const whole = { sizeBytes, crc32 };
  const options = { replaces: row.status === 'COMPLETED' };
  try {
    const file = { ...describeFile(original, set, validator), evidence: { claim, proof, claimPartBytes } };
    const { movedTo } = await destination.commit(file, state, parts, whole, options);
    if (movedTo !== undefined) report({ type: 'file.setAside', key, movedTo });
    await tracker.completeIntent(row.id);
    return { key, ...whole, proof };
  } catch (thrown) {
    const error = asSyncError(thrown);
    // A file that finds no space must not stop the run. The transfer decides what to do with it.
    if (error.decision === 'stop' && error.code !== 'DESTINATION_FULL') throw error;
    return undefined;
  }
}
