/**
 * The first bytes of simulated files. They are the magic number of the file's kind, and then a
 * stamp that is unique for each seed.
 */

const FTYP_EXTENSIONS = new Map([
  ['mp4', 'mp41'],
  ['m4v', 'mp41'],
  ['360', 'mp41'],
  ['lrv', 'mp41'],
  ['mov', 'qt  '],
  ['heic', 'heic'],
]);

const MAGIC = new Map<string, Buffer>([
  ['png', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])],
  ['gpr', Buffer.from('II*\0\x08\0\0\0', 'latin1')],
  ['dng', Buffer.from('II*\0\x08\0\0\0', 'latin1')],
  ['tif', Buffer.from('II*\0\x08\0\0\0', 'latin1')],
  ['gif', Buffer.from('GIF89a')],
  ['mp3', Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1')],
  ['zip', Buffer.from('PK\x03\x04', 'latin1')],
]);

/**
 * Returns the header of a file, cut to the file's size. `stamp` has 16 bytes that are derived from
 * the seed.
 */
export function headerBytes(file: { readonly extension: string; readonly sizeBytes: number }, stamp: Buffer): Buffer {
  return fullHeader(file.extension, file.sizeBytes, stamp).subarray(0, file.sizeBytes);
}

function fullHeader(extension: string, sizeBytes: number, stamp: Buffer): Buffer {
  const brand = FTYP_EXTENSIONS.get(extension);
  if (brand !== undefined) return isoMedia(brand, sizeBytes, stamp);
  switch (extension) {
    case 'jpg':
    case 'jpeg':
      return jpeg(stamp);
    case 'wav':
      return wave(sizeBytes, stamp);
    case 'json':
      return Buffer.from(`{"stamp":"${stamp.toString('hex')}","data":"`);
    case 'gpx':
    case 'xml':
      return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><!-- ${stamp.toString('hex')} -->`);
    default:
      return Buffer.concat([MAGIC.get(extension) ?? Buffer.alloc(0), stamp]);
  }
}

/**
 * Returns the boxes `ftyp`, `free` (with the stamp) and `mdat`. The box `mdat` reaches to the end
 * of the file, so a reader that follows the boxes ends where the file ends.
 */
function isoMedia(brand: string, sizeBytes: number, stamp: Buffer): Buffer {
  const ftyp = Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\x02\0isom${brand}`, 'latin1');
  const free = Buffer.concat([Buffer.from('\0\0\0\x18free', 'latin1'), stamp]);
  const mdat = Buffer.from('\0\0\0\x01mdat\0\0\0\0\0\0\0\0', 'latin1');
  mdat.writeBigUInt64BE(BigInt(Math.max(16, sizeBytes - ftyp.length - free.length)), 8);
  return Buffer.concat([ftyp, free, mdat]);
}

function jpeg(stamp: Buffer): Buffer {
  const jfif = Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1');
  return Buffer.concat([jfif, Buffer.from([0xff, 0xfe, 0, 2 + stamp.length]), stamp]);
}

function wave(sizeBytes: number, stamp: Buffer): Buffer {
  const riff = Buffer.from('RIFF\0\0\0\0WAVE', 'latin1');
  riff.writeUInt32LE(Math.max(0, sizeBytes - 8) % 2 ** 32, 4);
  return Buffer.concat([riff, stamp]);
}
