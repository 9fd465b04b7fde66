// Lists of CPUs or memory nodes: `0-3,7`. Spaces and empty entries are allowed, as in runc.

/** CPUs and nodes beyond it exist on no machine, and a mask for them costs memory. */
const MAX_ID = 65535;

export const ID_LIST = "a list of numbers and ranges such as 0-3,7";

/** First and last number of each range, in the order given; undefined if the text is not such a list. */
export function parseIdList(text: string): readonly (readonly [first: number, last: number])[] | undefined {
  const ranges: [number, number][] = [];
  for (const part of text.split(",")) {
    const entry = part.trim();
    if (entry === "") continue;
    const ends = entry.split("-");
    const first = parseId(ends[0]);
    const last = ends.length === 1 ? first : parseId(ends[1]);
    if (first === undefined || last === undefined || ends.length > 2 || first > last) return undefined;
    ranges.push([first, last]);
  }
  return ranges;
}

function parseId(digits: string | undefined): number | undefined {
  if (digits === undefined || !/^[0-9]{1,5}$/.test(digits)) return undefined;
  const id = Number(digits);
  return id > MAX_ID ? undefined : id;
}

export function isIdList(text: string): boolean {
  return parseIdList(text) !== undefined;
}
