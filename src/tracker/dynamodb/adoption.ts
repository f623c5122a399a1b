import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { DescribedFile, FileDescription } from '../../destination/destination.ts';
import { originalId } from '../../media.ts';
import { adoptedMedium, adoptedOriginal } from '../rules/adoption.ts';
import { bitsOf } from '../rules/role-bits.ts';
import { archiveKey, mediumKey, originalKey } from './keys.ts';
import type { Ledger } from './ledger.ts';
import { newOriginalRow, standing, type Group } from './rows.ts';
import { chunks } from './store.ts';
import type { Unit } from './unit.ts';
import { toItem } from './values.ts';

/** Files per unit: a medium, an original and a key each, so that one transaction holds them. */
const batchSize = 33;

/** What files say of their medium's set: for these roles, so many originals. */
type Claims = Map<string, Map<number, number>>;

type Described = DescribedFile & { readonly description: FileDescription };

/** Rebuilding the ledger from what the archive says of itself. */
export function createAdoption(ledger: Ledger) {
  const { store } = ledger;
  const adoptedKey = ledger.at('ARCHIVE#adopted');

  async function takeIn(unit: Unit, file: Described): Promise<number> {
    const { description } = file;
    const original = { ...description.original, key: file.key };
    const known = await unit.medium(original.mediaId);
    const medium = adoptedMedium(known, { original, description, now: ledger.now() });
    if (medium !== known) unit.saveMedium(medium);
    if ((await unit.original(originalId(original, original.revision))) || (await unit.isKeyTaken(file.key))) return 0;
    unit.addOriginal(adoptedOriginal(newOriginalRow(original, 0, ledger.now()), file, description));
    return 1;
  }

  async function takeBatch(files: readonly Described[], claims: Claims): Promise<number> {
    for (const { description } of files) noteClaim(claims, description);
    return ledger.unit(async (unit) => {
      await unit.preload(
        files.flatMap(({ key, description: { original } }) => [
          ledger.at(mediumKey(original.mediaId)),
          ledger.at(originalKey(originalId(original, original.revision))),
          archiveKey(key),
        ]),
      );
      let adopted = 0;
      for (const file of files) adopted += await takeIn(unit, file);
      return adopted;
    });
  }

  /** A medium is whole only if every file's word about the set is true. */
  async function resolveWhole(claims: Claims): Promise<void> {
    const whole: string[] = [];
    for await (const { medium, originals } of ledger.groups([
      'status',
      'seen_run',
      'resolved_roles',
      'role',
      'revision',
      'mark',
    ])) {
      const told = claims.get(medium.id);
      if (told && isUntouched(medium) && isWhole(told, originals)) whole.push(medium.id);
    }
    for (const ids of chunks(whole, 100)) {
      await ledger.unit(async (unit) => {
        await unit.preload(ids.map((id) => ledger.at(mediumKey(id))));
        for (const id of ids) {
          const row = await unit.medium(id);
          if (!row || !isUntouched(row)) continue;
          const resolved_roles = [...claims.get(id)!.keys()].reduce((all, roles) => all | roles, 0);
          unit.saveMedium({ ...row, status: 'RESOLVED', status_since: ledger.now(), resolved_roles });
        }
      });
    }
  }

  /** Of a table that is one account's, the archive's other accounts are not asked for. */
  function isOurs(file: DescribedFile): file is Described {
    const original = file.description?.original;
    return original?.provider === ledger.provider && (ledger.account === null || original.account === ledger.account);
  }

  return {
    needsAdoption: async (): Promise<boolean> => (await store.get(adoptedKey)) === undefined,

    /** Returns how many originals are new. A file whose key another original has is left out; so its medium is asked for again. */
    adopt: async (files: AsyncIterable<DescribedFile>): Promise<number> => {
      const claims: Claims = new Map();
      let adopted = 0;
      let batch: Described[] = [];
      for await (const file of files) {
        if (isOurs(file)) batch.push(file);
        if (batch.length < batchSize) continue;
        adopted += await takeBatch(batch, claims);
        batch = [];
      }
      if (batch.length > 0) adopted += await takeBatch(batch, claims);
      await resolveWhole(claims);
      const row = toItem({ ...adoptedKey, adopted_at: ledger.now() });
      await store.client.send(new PutItemCommand({ TableName: store.table, Item: row }));
      return adopted;
    },
  };
}

function noteClaim(claims: Claims, { original, roles, originalsOfMedium }: FileDescription): void {
  const told = claims.get(original.mediaId) ?? new Map<number, number>();
  const bits = bitsOf(roles);
  told.set(bits, Math.max(told.get(bits) ?? 0, originalsOfMedium));
  claims.set(original.mediaId, told);
}

/** Nothing but the archive has told of it, and nothing was decided yet. */
function isUntouched({ status, seen_run, resolved_roles }: Group['medium']): boolean {
  return status === 'LISTED' && seen_run === null && resolved_roles === 0;
}

function isWhole(told: ReadonlyMap<number, number>, originals: Group['originals']): boolean {
  const present = standing(originals).filter((original) => !original.superseded && original.status === 'COMPLETED');
  return [...told].every(([roles, claimed]) => present.filter((original) => (original.role & roles) !== 0).length >= claimed);
}
