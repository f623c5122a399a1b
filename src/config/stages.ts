/**
 * The stages of a deployment. They are the values of `--env` and, in the infrastructure, of `-c
 * env=`.
 */
export const stages = ['dev', 'staging', 'prod'] as const;
export type Stage = (typeof stages)[number];
