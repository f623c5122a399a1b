/** What is timed of a piece of work; never a secret or a signed URL. */
export type Annotations = Readonly<Record<string, string | number | boolean>>;

/** Times a piece of work under a name, also when it fails, and gives back what it gave. */
export type Span = <Result>(name: SpanName, annotations: Annotations, work: () => Promise<Result>) => Promise<Result>;

export type SpanName =
  | 'retrieve_credentials'
  | 'gopro_api_call'
  | 'cloudfront_download'
  | 's3_upload_part'
  | 's3_complete_multipart_upload';
