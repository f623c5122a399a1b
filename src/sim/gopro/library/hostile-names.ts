/**
 * File names that break a careless archive. They have separators, reserved words, control
 * characters, unusual Unicode forms or extreme lengths.
 */
export const hostileNames: readonly string[] = [
  '../../etc/passwd',
  'C:\\Windows\\system32\\drivers.JPG',
  'CON.mp4',
  'evil\u0000name\u0007\u001b[31m.JPG',
  'line\r\nbreak.JPG',
  '\u{1f3c4}\u200d\u2640\ufe0f surf \u{1f30a}.MP4',
  'Mu\u0308ller U\u0308bung.JPG',
  'M\u00fcller \u00dcbung.JPG',
  `${'a'.repeat(296)}.JPG`,
  `${'\u00fc'.repeat(296)}.JPG`,
  'trailing dot.',
  'trailing space.JPG ',
  '.hidden.JPG',
  '..',
  '',
  'what? <"a*b|c">: #50%&;\'.JPG',
  'right\u202egpj.MP4',
  'lone\ud83d surrogate.JPG',
];
