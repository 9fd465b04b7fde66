import { expect, test } from "vitest";
import { ENOENT } from "../../src/abi/errno.ts";
import { branch, programBuilder, tolerate } from "../../src/program/builder.ts";
import { REGISTERS } from "../../src/program/instruction.ts";

test("instructions carry the pointer that was set last", () => {
  const b = programBuilder();
  b.call("setsid", []);
  b.from("/process/cwd");
  b.exit(0);
  expect(b.program().instructions.map(({ op, pointer }) => [op, pointer])).toEqual([
    ["call", ""],
    ["exit", "/process/cwd"],
  ]);
});

test("the register of a scratch is free again after its body", () => {
  const b = programBuilder();
  const first = b.scratch("a", (register) => register.index);
  const second = b.scratch("b", (register) => register.index);
  expect(second).toBe(first);
});

test("nested scratches and registers of the program never share a cell", () => {
  const b = programBuilder();
  const outer = b.register("outer");
  b.scratch("a", (a) =>
    b.scratch("b", (inner) => {
      expect(new Set([outer.index, a.index, inner.index]).size).toBe(3);
    }),
  );
});

test("the first register is 0, to which the stage reports", () => {
  expect(programBuilder().register("channel").index).toBe(0);
});

test("one register more than there are is an error that names it", () => {
  const b = programBuilder();
  for (let n = 0; n < REGISTERS; n++) b.register(`r${n}`);
  expect(() => b.register("straw")).toThrow("no register is left for straw");
  expect(() => b.scratch("straw", () => {})).toThrow("no register is left for straw");
});

test("a label without a place is an error", () => {
  const b = programBuilder();
  const nowhere = b.label();
  b.call("chdir", ["/"], { on: [branch(ENOENT, nowhere)] });
  expect(() => b.program()).toThrow("a label has no place in the program");
});

test("a label is the index of the instruction that follows it", () => {
  const b = programBuilder();
  const start = b.label();
  const end = b.label();
  b.place(start);
  b.exit(0);
  b.place(end);
  b.exit(1);
  expect([start.index, end.index]).toEqual([0, 1]);
});

test("a tolerated errno goes on with the next instruction", () => {
  expect(tolerate(1, 2)).toEqual([
    { errno: 1, to: "next" },
    { errno: 2, to: "next" },
  ]);
});
