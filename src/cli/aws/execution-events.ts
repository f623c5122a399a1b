/**
 * The events of `aws run --json`. They describe a run of the service as AWS shows it. The event
 * `execution.lines` counts work lines: each is one large medium or several small media.
 */
export type ExecutionEvent = ExecutionStarted | ExecutionSight | ExecutionFinished;

/** The events that may repeat while a run continues. */
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
