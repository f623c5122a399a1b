/**
 * Faults by name, for matrix tests and for `simulate gopro --fault`. `expect` is what a correct
 * client does. Faults of the second page of a listing need a library with more than one page, and
 * therefore a small `perPageCap`.
 */
import { apiFaults } from './catalogue-api.ts';
import { cdnFaults } from './catalogue-cdn.ts';
import { parseFaults, type Fault, type FaultTarget } from './faults.ts';

export type { FaultTarget } from './faults.ts';

const makers = { ...cdnFaults, ...apiFaults };

export type FaultName = keyof typeof makers;

/** The names of all faults. The faults of the CDN come first. */
export const faultNames = Object.keys(makers).filter(isFaultName);

/** For each name, the function that makes its faults. Each fault has the name as its id. */
export const faultCatalogue: Readonly<Record<FaultName, (target?: FaultTarget) => Fault[]>> = makers;

/** Whether the catalogue has a fault with this name. */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(makers, name);
}

/**
 * Parses faults that a person wrote: names with commas between them, or a JSON array of faults.
 * Throws TypeError for any other text.
 */
export function faultsFromText(text: string, target: FaultTarget = {}): Fault[] {
  if (text.trimStart().startsWith('[')) return parseFaults(parseJson(text));
  const names = text.split(',').map((name) => name.trim());
  return names.flatMap((name) => {
    if (!isFaultName(name))
      throw new TypeError(`There is no fault named ${JSON.stringify(name)}. There are: ${faultNames.join(', ')}.`);
    return faultCatalogue[name](target);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError('The faults are not valid JSON.', { cause: error });
  }
}
