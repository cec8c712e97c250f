/** A step from a vmsd to a field of it, or to an element of one that is an array. */
export interface DescriptionStep {
  /** Name of the field, or of a subsection. */
  readonly name: string;
  /** Number of the element. */
  readonly index?: number;
}

/** The steps that names of nodes make: that of an element belongs to the array before it. */
export function stepsInto(names: readonly string[]): DescriptionStep[] {
  const steps: DescriptionStep[] = [];
  for (const name of names) {
    const [, index] = /^\[(\d+)\]$/.exec(name) ?? [];
    const array = index === undefined ? undefined : steps.pop();
    steps.push(array === undefined ? { name } : { name: array.name, index: Number(index) });
  }
  return steps;
}

/** What a field's description says of itself; a text may say anything. */
export interface FieldNames {
  readonly name: unknown;
  readonly index?: unknown;
  readonly type: unknown;
}

/** Bytes before an element, or in its place, that have its name and number. */
const MARKERS: readonly unknown[] = ["ptr-marker", "nullptr"];

/** Whether a description of a field is that of the step alone. */
export function isField(step: DescriptionStep, { name, index, type }: FieldNames): boolean {
  return step.name === name && (step.index === undefined || (step.index === index && !MARKERS.includes(type)));
}
