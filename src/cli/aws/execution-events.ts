/**
 * The lines of `aws run --json`: a run of the service as seen from outside. `lines` are pieces of
 * work, each one large medium or a group of small ones.
 */
export type ExecutionEvent = ExecutionStarted | ExecutionSight | ExecutionFinished;

/** What changes while a run goes on. */
export type ExecutionSight = ExecutionState | ExecutionLines;

export interface ExecutionStarted {
  readonly type: 'execution.started';
  readonly time: string;
  readonly executionArn: string;
  readonly name: string;
}

export interface ExecutionState {
  readonly type: 'execution.state';
  readonly time: string;
  readonly state: string;
}

export interface ExecutionLines {
  readonly type: 'execution.lines';
  readonly time: string;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly running: number;
}

export interface ExecutionFinished {
  readonly type: 'execution.finished';
  readonly time: string;
  readonly name: string;
  readonly status: string;
  readonly outcome: string;
  readonly exitCode: number;
  readonly message: string | null;
  readonly elapsedMs: number | null;
}
