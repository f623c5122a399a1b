/** The stages of a deployment: the values of `--env`, and of `-c env=` in the infrastructure. */
export const stages = ['dev', 'staging', 'prod'] as const;
export type Stage = (typeof stages)[number];
