/**
 * Walks a state machine in JSONPath without running it. The test names the possible results of
 * every Task, and the walk follows each. The walk is as strict as AWS: a path that leads nowhere is
 * an error, because on AWS it ends the execution, and no state can catch it. The walk knows only
 * the parts of the language that our definition uses. Everything else is an error.
 */
import type { Fields, Json, Machine, Rule, State } from '../../../infra/states/definition.ts';
import { asString, at, evaluated, filled, put, type Scope } from './json-path.ts';

/** A possible result of a Task or a Map, or an error that is caught. */
export type Turn =
  | { readonly name: string; readonly result: Json }
  | { readonly name: string; readonly error: { readonly Error: string; readonly Cause?: string } };

export interface Step {
  readonly state: string;
  readonly type: string;
  readonly input: Json;
  /** The parameters of a Task, or the input of a Map's child. */
  readonly request?: Json;
  /** Absent for a Fail state. */
  readonly output?: Json;
  /** The name of the turn that the walk took. */
  readonly turn?: string;
  /** Absent if the walk ends with this step. */
  readonly next?: string;
}

export interface Walk {
  readonly steps: readonly Step[];
  readonly end:
    | { readonly status: 'SUCCEEDED'; readonly output: Json }
    | { readonly status: 'FAILED'; readonly error: string; readonly cause: string };
}

export interface WalkOptions {
  /** The context object, which a path reaches as `$$`. */
  readonly context: Fields;
  /**
   * Returns the possible results of a state for this request. `before` holds the earlier steps, so
   * that the function can end a loop.
   */
  readonly turns: (state: string, request: Json, before: readonly Step[]) => readonly Turn[];
}

/** Yields every way through the machine. */
export function* walks(machine: Machine, input: Json, options: WalkOptions): Generator<Walk> {
  yield* from(machine.StartAt, input, []);

  function* from(name: string, given: Json, before: readonly Step[]): Generator<Walk> {
    if (before.length > 2_000) throw new Error(`an endless loop at ${name}`);
    const state = machine.States[name];
    if (!state) throw new Error(`there is no state ${name}`);
    const scope: Scope = { input: given, context: options.context };
    for (const moved of moves(name, state, scope, before)) {
      const step: Step = { state: name, type: state.Type, input: given, ...moved };
      const steps = [...before, step];
      if (step.next !== undefined) yield* from(step.next, step.output ?? null, steps);
      else if (state.Type === 'Fail')
        yield { steps, end: { status: 'FAILED', error: state.Error ?? '', cause: causeOf(state, scope) } };
      else yield { steps, end: { status: 'SUCCEEDED', output: step.output ?? null } };
    }
  }

  function* moves(
    name: string,
    state: State,
    scope: Scope,
    before: readonly Step[],
  ): Generator<Omit<Step, 'state' | 'type' | 'input'>> {
    switch (state.Type) {
      case 'Fail':
        return yield {};
      case 'Succeed':
        return yield { output: at(state.OutputPath ?? '$', scope) };
      case 'Choice':
        return yield { output: scope.input, next: chosen(state, scope) };
      case 'Pass':
        return yield { output: placed(state, scope, state.Result ?? effectiveInput(state, scope)), ...nextOf(name, state) };
      case 'Task':
      case 'Map':
        return yield* taken(name, state, scope, before);
      default:
        throw new Error(`${name} is of the unknown type ${state.Type}`);
    }
  }

  function* taken(
    name: string,
    state: State,
    scope: Scope,
    before: readonly Step[],
  ): Generator<Omit<Step, 'state' | 'type' | 'input'>> {
    const request = state.Type === 'Task' ? effectiveInput(state, scope) : null;
    if (state.Type === 'Map')
      for (const { Parameters } of [state.ItemReader, state.ResultWriter].filter((part) => part !== undefined))
        filled(Parameters, scope);
    for (const turn of options.turns(name, request, before)) {
      if ('result' in turn) {
        const result = state.ResultSelector ? filled(state.ResultSelector, { ...scope, input: turn.result }) : turn.result;
        yield { request, turn: turn.name, output: placed(state, scope, result), ...nextOf(name, state) };
        continue;
      }
      const { error, name: how } = turn;
      const handler = state.Catch?.find(
        ({ ErrorEquals }) => ErrorEquals.includes('States.ALL') || ErrorEquals.includes(error.Error),
      );
      if (!handler) throw new Error(`nothing catches ${error.Error} of ${name}`);
      yield { request, turn: how, output: caughtBy(handler.ResultPath, scope.input, error), next: handler.Next };
    }
  }
}

/** The inputs of the children that a Map starts for these items. */
export function childInputs(map: State, input: Json, context: Fields, items: readonly Json[]): readonly Json[] {
  return items.map((Value, Index) =>
    filled(map.ItemSelector ?? {}, { input, context: { ...context, Map: { Item: { Value, Index } } } }),
  );
}

function caughtBy(
  path: string | null | undefined,
  input: Json,
  error: { readonly Error: string; readonly Cause?: string },
): Json {
  return path === null ? input : put(input, path ?? '$', { ...error });
}

/** Every transition that the definition allows, as `from -> to`. */
export function edges(machine: Machine): readonly string[] {
  return Object.entries(machine.States).flatMap(([name, { Next, Default, Choices = [], Catch = [] }]) =>
    [Next, Default, ...[...Choices, ...Catch].map((rule) => rule.Next)].flatMap((next) =>
      next === undefined ? [] : [`${name} -> ${next}`],
    ),
  );
}

function nextOf(name: string, { Next, End }: State): { readonly next?: string } {
  if (Next === undefined && End !== true) throw new Error(`${name} leads nowhere`);
  return Next === undefined ? {} : { next: Next };
}

function effectiveInput(state: State, scope: Scope): Json {
  const input = at(state.InputPath ?? '$', scope);
  return state.Parameters ? filled(state.Parameters, { ...scope, input }) : input;
}

function placed(state: State, scope: Scope, result: Json): Json {
  const output = state.ResultPath === null ? scope.input : put(scope.input, state.ResultPath ?? '$', result);
  return at(state.OutputPath ?? '$', { ...scope, input: output });
}

function chosen({ Choices = [], Default }: State, scope: Scope): string {
  const rule = Choices.find((choice) => matches(choice, scope));
  const next = rule?.Next ?? Default;
  if (next === undefined) throw new Error('a choice without a default');
  return next;
}

function matches({ Variable, Next: _next, ...comparisons }: Rule, scope: Scope): boolean {
  const value = at(Variable, scope);
  const { StringEquals, BooleanEquals, NumericGreaterThan, NumericLessThan, ...unknown } = comparisons;
  if (Object.keys(unknown).length > 0) throw new Error(`unknown comparison ${Object.keys(unknown).join()}`);
  if (StringEquals !== undefined) return value === StringEquals;
  if (BooleanEquals !== undefined) return value === BooleanEquals;
  if (typeof value !== 'number') return false;
  return NumericGreaterThan === undefined ? value < Number(NumericLessThan) : value > NumericGreaterThan;
}

function causeOf({ Cause, CausePath }: State, scope: Scope): string {
  return CausePath === undefined ? (Cause ?? '') : asString(evaluated(CausePath, scope));
}
