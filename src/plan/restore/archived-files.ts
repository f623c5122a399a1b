/** What an archive says of its files, in a form that is small enough for large archives. No I/O. */
import type { FileDescription, ListedFile } from '../../destination/destination.ts';
import { originalId, provenSame, type Evidence, type Role, type Validator } from '../../media.ts';

/** A file that the archive describes. */
export interface ArchivedFile {
  readonly key: string;
  /**
   * The `originalId` of the file's original and revision. Empty if the description is unreadable.
   */
  readonly id: string;
  readonly sizeBytes: number;
  /** null if the archive has no checksum of the file. */
  readonly crc32: number | null;
  /** The size that the file has now. null if the file is absent. */
  readonly presentBytes: number | null;
  readonly medium: ArchivedMedium;
  readonly capturedAt: string | null;
  readonly role: Role;
  readonly itemNumber: number | null;
  readonly revision: number;
  /** The `originalId` of the original's first revision. */
  readonly original: string;
  readonly validator: Validator;
  /** Undefined if the description makes no statement about a claim of the provider. */
  readonly evidence: Evidence | undefined;
  /** The whole description, if the caller of `collectMedia` keeps it. */
  readonly description?: FileDescription;
}

/** A medium as the descriptions of its files show it. */
export interface ArchivedMedium {
  /** Empty if the description of its file is unreadable. Each such file is a medium of its own. */
  readonly id: string;
  /** The provider's name. It may be empty or hostile. */
  readonly name: string;
  readonly type: string;
  readonly camera: string | null;
  readonly files: ArchivedFile[];
  /** The sets of originals that the descriptions report. */
  readonly sets: OriginalSet[];
}

interface OriginalSet {
  readonly roles: readonly Role[];
  readonly size: number;
}

const noValidator: Validator = { etag: null, lastModified: null };

/**
 * Returns the media of an archive with all their files. `files` has each file once.
 * `keepsDescription` says for which files the whole description is kept. Default: for none.
 */
export async function collectMedia(
  files: AsyncIterable<ListedFile>,
  keepsDescription: (file: ListedFile) => boolean = () => false,
): Promise<readonly ArchivedMedium[]> {
  const known: Known = { media: new Map(), sets: new Map() };
  const undescribed: ArchivedMedium[] = [];
  for await (const file of files) {
    const { description, key, sizeBytes, crc32, presentBytes } = file;
    const content = { key, sizeBytes, crc32, presentBytes };
    if (!description) {
      undescribed.push(undescribedMedium(content));
      continue;
    }
    const { original, capturedAt, validator, evidence } = description;
    const medium = mediumOf(known, description);
    const id = originalId(original, original.revision);
    medium.files.push({
      ...content,
      id,
      medium,
      capturedAt,
      role: original.role,
      itemNumber: original.itemNumber,
      revision: original.revision,
      original: original.revision === 1 ? id : originalId(original, 1),
      validator,
      evidence,
      ...(keepsDescription(file) && { description }),
    });
  }
  return [...known.media.values(), ...undescribed];
}

/** Equal sets share one object, because most media have the same set. */
interface Known {
  readonly media: Map<string, ArchivedMedium>;
  readonly sets: Map<string, OriginalSet>;
}

function mediumOf({ media, sets }: Known, description: NonNullable<ListedFile['description']>): ArchivedMedium {
  const { original, originalName: name, mediumType: type = '', camera = null, roles, originalsOfMedium: size } = description;
  const identity = JSON.stringify([original.provider, original.account, original.mediaId]);
  const medium = media.get(identity) ?? { id: original.mediaId, name, type, camera, files: [], sets: [] };
  media.set(identity, medium);
  const setName = `${size}:${roles.join()}`;
  const set = sets.get(setName) ?? { roles, size };
  sets.set(setName, set);
  if (!medium.sets.includes(set)) medium.sets.push(set);
  return medium;
}

function undescribedMedium(content: Pick<ArchivedFile, 'key' | 'sizeBytes' | 'crc32' | 'presentBytes'>): ArchivedMedium {
  const { key } = content;
  const medium: ArchivedMedium = {
    id: '',
    name: key.slice(key.lastIndexOf('/') + 1),
    type: '',
    camera: null,
    files: [],
    sets: [],
  };
  const fields = { id: '', capturedAt: null, role: 'source', itemNumber: null, revision: 1, validator: noValidator } as const;
  medium.files.push({ ...content, ...fields, medium, original: key, evidence: undefined });
  return medium;
}

/**
 * How many originals of a medium the archive does not describe, although its descriptions count
 * them.
 */
export function countLacking({ files, sets }: ArchivedMedium): number {
  const lacks = sets.map(({ roles, size }) => {
    const originals = new Set(files.filter(({ role }) => roles.includes(role)).map(({ original }) => original));
    return size - originals.size;
  });
  return Math.max(0, ...lacks);
}

/**
 * Returns the files that certainly replace a file: later revisions of its original with the same
 * content at the source. A store that cannot move a damaged file away gets such a revision.
 */
export function replacementsOf(file: ArchivedFile): readonly ArchivedFile[] {
  return file.medium.files.filter(
    (other) => other.original === file.original && other.revision > file.revision && provenSame(other.validator, file.validator),
  );
}
