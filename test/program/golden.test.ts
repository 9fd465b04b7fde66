// What each container of bundles.ts becomes, as text to be read. `npx vitest run test/program -u` writes the files
// anew; the change in them is what a review is about.

import { expect, test } from "vitest";
import { formatProgram } from "../../src/program/listing.ts";
import { ALL } from "./bundles.ts";

test.each(Object.entries(ALL))("%s", async (name, compileBundle) => {
  await expect(formatProgram(compileBundle())).toMatchFileSnapshot(`golden/${name}.txt`);
});
