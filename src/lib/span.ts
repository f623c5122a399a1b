/** The attributes of a timed piece of work. They never contain a secret or a signed URL. */
export type Annotations = Readonly<Record<string, string | number | boolean>>;

/** Runs a piece of work and returns its result. Records its time, even if the work fails. */
export type Span = <Result>(name: SpanName, annotations: Annotations, work: () => Promise<Result>) => Promise<Result>;

export type SpanName =
  | 'retrieve_credentials'
  | 'gopro_api_call'
  | 'cloudfront_download'
  | 's3_upload_part'
  | 's3_complete_multipart_upload';
