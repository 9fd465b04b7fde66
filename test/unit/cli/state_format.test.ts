import { describe, expect, test } from "vitest";
import { formatIds, formatJsonList, formatState, formatTable } from "../../../src/cli/state_format.ts";
import type { ContainerState } from "../../../src/container/state.ts";

const RUNNING: ContainerState = {
  owner: "root",
  created: "2024-01-02T03:04:05.123456789Z",
  annotations: { "org.b": "2", "org.a": "1" },
  rootfs: "/bundle/rootfs",
  bundle: "/bundle",
  status: "running",
  pid: 4711,
  id: "web",
  ociVersion: "1.3.0",
};

const { annotations: _, ...BARE } = RUNNING;
const STOPPED: ContainerState = { ...BARE, id: "a-container-with-a-long-name", pid: 0, status: "stopped" };

describe("state", () => {
  test("has runc's keys in runc's order, two spaces and no newline at the end", () => {
    expect(formatState(RUNNING)).toBe(`{
  "ociVersion": "1.3.0",
  "id": "web",
  "pid": 4711,
  "status": "running",
  "bundle": "/bundle",
  "rootfs": "/bundle/rootfs",
  "created": "2024-01-02T03:04:05.123456789Z",
  "annotations": {
    "org.a": "1",
    "org.b": "2"
  },
  "owner": "root"
}`);
  });

  test("has pid 0 when stopped, and no annotations where there are none", () => {
    const parsed = JSON.parse(formatState(STOPPED));
    expect(parsed.pid).toBe(0);
    expect(Object.keys(parsed)).not.toContain("annotations");
    expect(formatState({ ...RUNNING, annotations: {} })).toBe(formatState(BARE));
  });

  test("is valid UTF-8 whatever the paths are", () => {
    const text = formatState({ ...RUNNING, bundle: "/b\xff", rootfs: "/\xc3\xa9" });
    const decoded = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(text, "latin1"));
    expect(JSON.parse(decoded)).toMatchObject({ bundle: "/b\ufffd", rootfs: "/\u00e9" });
  });
});

describe("list", () => {
  test("as a table without containers, to the byte as runc 1.1.5 prints it", () => {
    expect(formatTable([])).toBe("ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
  });

  test("as a table, as Go's tabwriter(12, 1, 3, ' ') lays it out", () => {
    expect(formatTable([RUNNING, STOPPED])).toBe(
      [
        "ID                             PID         STATUS      BUNDLE      CREATED                          OWNER",
        "web                            4711        running     /bundle     2024-01-02T03:04:05.123456789Z   root",
        "a-container-with-a-long-name   0           stopped     /bundle     2024-01-02T03:04:05.123456789Z   root",
        "",
      ].join("\n"),
    );
  });

  test("counts the characters of UTF-8, not its bytes", () => {
    const [, row] = formatTable([{ ...RUNNING, bundle: "/\xc3\xa9" }]).split("\n");
    expect(row).toContain("running     /\xc3\xa9          2024");
  });

  test("as JSON", () => {
    expect(formatJsonList([])).toBe("null\n");
    const json = formatJsonList([RUNNING, STOPPED]);
    expect(json.match(/\n/g)).toHaveLength(1);
    expect(json.endsWith("]\n")).toBe(true);
    expect(JSON.parse(json)).toEqual([RUNNING, STOPPED]);
    expect(json.startsWith('[{"ociVersion":"1.3.0","id":"web","pid":4711,"status":"running",')).toBe(true);
  });

  test("as ids", () => {
    expect(formatIds([])).toBe("");
    expect(formatIds([RUNNING, STOPPED])).toBe("web\na-container-with-a-long-name\n");
  });
});
