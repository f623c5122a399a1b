/** Conformance cases that no S3 store can pass, each with its reason. */
export const gapsOfS3 = {
  'a destination reports its free space': 'a bucket has no end',
  'a damaged file is replaced under its key, and its bytes are kept':
    'an object cannot be moved: the replacement is the next revision',
};
