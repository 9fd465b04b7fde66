import { describe, expect, test } from "vitest";
import { planResctrl, resctrlRoot, schemaMismatch } from "../../src/container/resctrl_plan.ts";

const ROOT = "/sys/fs/resctrl";

describe("the root", () => {
  const other = "22 1 0:20 / /sys rw,nosuid shared:2 - sysfs sysfs rw";

  test("is where it is mounted", () => {
    const line = "40 22 0:38 / /mnt/a\\040b\\134 rw,relatime shared:9 - resctrl resctrl rw";
    expect(resctrlRoot(`${other}\n${line}\n`)).toBe("/mnt/a b\\");
  });

  test.each([other, "40 22 0:38 / /resctrl rw - tmpfs resctrl rw", ""])("is not in %j", (mountinfo) => {
    expect(resctrlRoot(mountinfo)).toBeUndefined();
  });
});

describe("the group", () => {
  test.each([
    ["without closID is the container's", {}, { group: `${ROOT}/c1`, is: "new" }],
    ["with closID has to be there", { closID: "gold" }, { group: `${ROOT}/gold`, is: "old" }],
    ["with closID and schemata is made", { closID: "gold", schemata: ["L3:0=f"] }, { is: "either" }],
    ["of all is the root", { closID: "/", schemata: ["L3:0=f"] }, { group: ROOT, is: "old" }],
  ])("%s", (_, rdt, expected) => {
    expect(planResctrl(ROOT, "c1", rdt)).toMatchObject(expected);
  });

  test("has its schemata in the order of the specification", () => {
    const rdt = { schemata: ["L2:0=1"], memBwSchema: "MB:0=20", l3CacheSchema: "L3:0=f" };
    expect(planResctrl(ROOT, "c1", rdt).schemata).toEqual(["L3:0=f", "MB:0=20", "L2:0=1"]);
  });

  test.each([
    [{ enableMonitoring: true }, `${ROOT}/c1/mon_groups/c1`],
    [{ enableMonitoring: true, closID: "/" }, `${ROOT}/mon_groups/c1`],
    [{ enableMonitoring: false }, undefined],
  ])("monitors: %j", (rdt, expected) => {
    expect(planResctrl(ROOT, "c1", rdt).monitor).toBe(expected);
  });
});

describe("schemata that are there", () => {
  const schemata = "    MB:0= 20;1= 100\n    L3:0=007ff;1=0\n";

  test.each([[[]], [["L3:0=7FF"]], [["L3:1=0;0=7ff", "MB:1=100;0=20"]]])("agree with %j", (wanted) => {
    expect(schemaMismatch(schemata, wanted)).toBeUndefined();
  });

  test.each(["L3:0=7fe", "L3:2=7ff", "L2:0=1", "MB:0=2", "L3"])("do not agree with %s", (line) => {
    expect(schemaMismatch(schemata, ["L3:0=7ff", line])).toBe(line);
  });
});
