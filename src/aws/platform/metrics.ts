/** The CloudWatch namespace of all metrics. */
export const metricNamespace = 'GoProSync';

/** All metrics. Each has the dimensions Provider and Environment. */
export const metricTable = {
  VideosDiscovered: { unit: 'Count', meaning: 'Media in the listing of the provider, counted once a run' },
  NewVideosFound: { unit: 'Count', meaning: 'Media to archive in the run' },
  VideosSynced: { unit: 'Count', meaning: 'Originals archived by the run' },
  VideosProven: { unit: 'Count', meaning: "Originals archived by the run that match the cloud's own checksum" },
  SyncFailures: {
    unit: 'Count',
    meaning: 'Originals that are FAILED, QUARANTINED or lost at the end of the run and not accepted',
  },
  DisputedFiles: {
    unit: 'Count',
    meaning:
      "Archived originals, at the end of the run, that came twice with bytes that do not match the cloud's own checksum, and that nobody accepted",
  },
  BytesTransferred: { unit: 'Bytes', meaning: 'Media bytes received by a slice' },
  TransferDuration: { unit: 'Seconds', meaning: 'Duration of the transfer of a slice' },
  TransferThroughput: { unit: 'Megabits/Second', meaning: 'BytesTransferred divided by TransferDuration' },
  TimeToFirstByte: { unit: 'Seconds', meaning: 'Time from a request for media bytes to the head of its reply' },
  AuthenticationSuccess: { unit: 'Count', meaning: 'Validations of the credentials that succeeded' },
  AuthenticationFailure: { unit: 'Count', meaning: 'Validations in which the provider refused the credentials' },
  CookieAge: { unit: 'Count', meaning: 'Days since the secret was last written' },
} as const;
export type MetricName = keyof typeof metricTable;

export interface Metrics {
  add(name: MetricName, value: number): void;
}
