import { SyncError } from '../../errors.ts';
import { bindingKey } from './keys.ts';
import { getItem, updateRow, type Table } from './table.ts';

/** The archive that a table belongs to; undefined before the first tracker. Errors: DynamoDB's. */
export async function boundArchive(table: Table): Promise<string | undefined> {
  return (await getItem(table, bindingKey))?.['archive_id']?.S;
}

/** A table belongs to the first archive that opens it. Errors: TRACKER_UNUSABLE for another. */
export async function bindTable(table: Table, archiveId: string): Promise<void> {
  const bind = async () => updateRow(table, bindingKey, { archive_id: archiveId }, { archive_id: undefined });
  const bound = await boundArchive(table);
  if (bound === archiveId || (bound === undefined && (await bind()))) return;
  const other = bound ?? (await boundArchive(table));
  if (other === archiveId) return;
  throw new SyncError(
    'TRACKER_UNUSABLE',
    `the DynamoDB table ${table.tableName} is of the archive ${other}, not of ${archiveId}`,
    {
      hint: 'Name the archive that the table was made for, or another table.',
    },
  );
}
