/**
 * Draws the synthesized state machine into docs/reference/state-machine.md. With `--check` the tool
 * writes nothing, and fails if the page is not up to date.
 */
import { definitionIn, type Machine, type Rule, type State } from '../infra/states/definition.ts';
import { sampleStack } from '../test/aws/support/sample-machine.ts';
import { writePages } from './reference-page.ts';

/** Mermaid's brackets for each type of state. */
const shapes: Readonly<Record<string, readonly [string, string]>> = {
  Task: ['[', ']'],
  Choice: ['{', '}'],
  Pass: ['(', ')'],
  Succeed: ['([', '])'],
  Fail: ['([', '])'],
};

function flowchart(machine: Machine): string {
  return ['flowchart TD', '  start((start))', `  start --> ${machine.StartAt}`, ...statesOf(machine, '  ')].join('\n');
}

/** Returns all nodes before all arrows, because Mermaid places a node where it is first named. */
function statesOf(machine: Machine, indent: string): readonly string[] {
  const states = inOrder(machine);
  return [
    ...states.flatMap(([name, state]) => node(name, state, indent)),
    ...states.flatMap(([name, state]) => arrows(name, state, indent)),
  ];
}

/** The states in the order in which the machine reaches them from the start. */
function inOrder({ StartAt, States }: Machine): readonly (readonly [string, State])[] {
  const reached = new Set([StartAt]);
  for (const name of reached) {
    const { Next, Choices = [], Default, Catch = [] } = States[name] ?? { Type: '' };
    for (const next of [Next, ...Choices.map((rule) => rule.Next), Default, ...Catch.map((rule) => rule.Next)])
      if (next !== undefined) reached.add(next);
  }
  return [...reached].flatMap((name) => (States[name] ? [[name, States[name]] as const] : []));
}

function node(name: string, state: State, indent: string): readonly string[] {
  const { ItemProcessor: children } = state;
  if (children) {
    const title = `${indent}subgraph ${name} ["${name}: each work line, ${state.MaxConcurrency ?? 'all'} at a time"]`;
    return [title, `${indent}  line((line)) --> ${children.StartAt}`, ...statesOf(children, `${indent}  `), `${indent}end`];
  }
  const [open, close] = shapes[state.Type] ?? ['[', ']'];
  return [`${indent}${name}${open}"${name}"${close}`];
}

/** One arrow to each next state. Its label has all conditions. An arrow for an error is dotted. */
function arrows(name: string, { Next, Default, Choices = [], Catch = [] }: State, indent: string): readonly string[] {
  const labels = new Map<string, string[]>();
  const label = (next: string, text: string) => labels.set(next, [...(labels.get(next) ?? []), text]);
  for (const choice of Choices) label(choice.Next, conditionOf(choice));
  if (Default !== undefined) label(Default, 'otherwise');
  return [
    ...(Next === undefined ? [] : [`${indent}${name} --> ${Next}`]),
    ...[...labels].map(([next, all]) => `${indent}${name} -->|"${all.join(', ')}"| ${next}`),
    ...Catch.map(({ Next: next }) => `${indent}${name} -.-> ${next}`),
  ];
}

/** The text of a condition: an outcome, or a comparison of a field with a number. */
function conditionOf({ Variable, StringEquals, NumericGreaterThan, NumericLessThan }: Rule): string {
  const field = Variable.slice(Variable.lastIndexOf('.') + 1);
  if (NumericGreaterThan !== undefined) return `${field} > ${NumericGreaterThan}`;
  if (NumericLessThan !== undefined) return `${field} < ${NumericLessThan}`;
  return StringEquals ?? field;
}

function tables(machine: Machine): string {
  const parent = inOrder(machine);
  const children = parent.flatMap(([, { ItemProcessor }]) => (ItemProcessor ? inOrder(ItemProcessor) : []));
  const tried = [...parent, ...children].filter(([, { Retry = [] }]) => Retry.length > 0);
  const groups = [...new Set(tried.flatMap(([, { Retry = [] }]) => Retry.map(({ ErrorEquals }) => errorsOf(ErrorEquals))))];
  const rows = tried.map(([name, { Resource, TimeoutSeconds, Retry = [] }]) => {
    const retries = Retry.map(
      ({ ErrorEquals, MaxAttempts }) => `${MaxAttempts} times after (${groups.indexOf(errorsOf(ErrorEquals)) + 1})`,
    );
    const limit = TimeoutSeconds === undefined ? '' : `${TimeoutSeconds} s`;
    return `| ${name} | ${Resource === undefined ? 'its children' : callee(Resource)} | ${limit} | ${retries.join(', ')} |`;
  });
  return [
    ['| state | calls | time-out | retries |', '| --- | --- | --- | --- |', ...rows].join('\n'),
    ['| | errors |', '| --- | --- |', ...groups.map((errors, index) => `| (${index + 1}) | ${errors} |`)].join('\n'),
  ].join('\n\n');
}

function errorsOf(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function callee(resource: string): string {
  if (resource.endsWith(':sns:publish')) return 'the topic for alerts';
  if (resource.endsWith(':sqs:sendMessage')) return 'the poison queue';
  return `\`${resource.slice(resource.lastIndexOf(':') + 1)}\``;
}

const machine = definitionIn(sampleStack());
const page = `# The state machine

<!-- Generated by tools/draw-machine.ts. Do not edit. -->

One execution is one run. A solid arrow shows an expected outcome of a state, a dotted arrow an unexpected error. Before each retry the machine waits for a
random time, up to a limit that doubles. An execution is stopped after ${(machine.TimeoutSeconds ?? 0) / 3600} hours.

\`\`\`mermaid
${flowchart(machine)}
\`\`\`

${tables(machine)}
`;
writePages('tools/draw-machine.ts', { 'state-machine.md': page });
