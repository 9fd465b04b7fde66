//! Program literals, evaluated by an engine and assembled, read back with the structures of the wire format.

use program::{
    ANY_ERRNO, CODE, Header, Instruction, MAGIC, NEXT, NO_REGISTER, REGISTERS, Relocation, VERSION,
    condition, kind, operation,
};
use rquickjs::{CatchResultExt, Context, Function, Runtime, TypedArray};

use super::assemble;

/// What the literals are written with, as in `src/program/builder.ts`.
const PRELUDE: &str = r#"
    const register = (index) => ({ kind: "register", index, name: "r" });
    const addressOf = (register) => ({ kind: "address", register });
    const inherited = (name) => ({ kind: "inherited", name });
    const data = (content, pointers = []) => ({ kind: "data", content, type: "any", pointers });
    const field = (of, offset) => ({ kind: "field", of, offset });
    const label = (index) => ({ index });
    const part = (code) => ["part", "", { image: assemble(code, numbers, {}) }];
    const call = (name, args, into, on = []) => ["call", "", name, args, into, on];
    const numbers = { read: 0, write: 1, execve: 59, openat2: 437 };
    const descriptors = { channel: 77, listener: 78 };
"#;

struct Assembled {
    bytes: Vec<u8>,
    header: Header,
    rows: Vec<Instruction>,
    relocations: Vec<Relocation>,
}

impl Assembled {
    fn data(&self) -> &[u8] {
        &self.bytes[CODE + size_of_val(&*self.rows)..]
    }

    fn c_string(&self, at: u64) -> &str {
        let rest = &self.data()[at as usize..];
        str::from_utf8(rest.split(|&byte| byte == 0).next().unwrap()).unwrap()
    }

    /// Of the only instruction.
    fn arguments(&self) -> [u64; 6] {
        assert_eq!(self.rows.len(), 1);
        self.rows[0].arguments
    }
}

/// `literal` is the code of a program; the statements before it are `statements`.
fn try_assemble(statements: &str, literal: &str) -> Result<Assembled, String> {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    let source = format!("(() => {{ {PRELUDE} {statements}; return [{literal}, numbers, descriptors]; }})()");
    context.with(|ctx| {
        ctx.globals().set("assemble", Function::new(ctx.clone(), assemble)).unwrap();
        let all: rquickjs::Array = ctx.eval(source).catch(&ctx).map_err(|error| error.to_string())?;
        let [code, numbers, descriptors] = [0, 1, 2].map(|index| all.get::<rquickjs::Value>(index).unwrap());
        let (code, numbers, descriptors) =
            (code.get().unwrap(), numbers.get().unwrap(), descriptors.get().unwrap());
        let array: TypedArray<u8> = assemble(ctx.clone(), code, numbers, descriptors)
            .catch(&ctx)
            .map_err(|error| error.to_string())?;
        // SAFETY: no JavaScript runs while the bytes are copied.
        Ok(decode(unsafe { array.as_bytes() }.unwrap().to_vec()))
    })
}

fn assembled(statements: &str, literal: &str) -> Assembled {
    try_assemble(statements, literal).unwrap()
}

fn refusal(statements: &str, literal: &str) -> String {
    try_assemble(statements, literal).err().unwrap()
}

/// Header, registers, data, instructions, relocations, and nothing behind them.
fn decode(bytes: Vec<u8>) -> Assembled {
    let [header] = many::<Header>(&bytes, 0, 1)[..] else { unreachable!() };
    let rows = many(&bytes, CODE, header.instructions as usize);
    let table = CODE + size_of_val(&*rows) + header.data as usize;
    let relocations = many(&bytes, table, header.relocations as usize);
    assert_eq!(table + size_of_val(&*relocations), bytes.len());
    assert_eq!((header.magic, header.version, header.size), (MAGIC, VERSION, bytes.len() as u32));
    assert_eq!(header.data % 8, 0);
    assert!(bytes[size_of::<Header>()..CODE].iter().all(|&byte| byte == 0), "registers begin as 0");
    Assembled { bytes, header, rows, relocations }
}

fn many<T: Copy>(bytes: &[u8], at: usize, count: usize) -> Vec<T> {
    let part = &bytes[at..at + count * size_of::<T>()];
    // SAFETY: the structures of the wire format are made of integers, and the part is as long as one of them.
    part.chunks_exact(size_of::<T>())
        .map(|chunk| unsafe { chunk.as_ptr().cast::<T>().read_unaligned() })
        .collect()
}

fn kinds(row: &Instruction) -> [u16; 6] {
    std::array::from_fn(|n| (row.kinds >> (2 * n)) & 3)
}

fn branches(row: &Instruction) -> Vec<(u16, u16)> {
    row.branch[..usize::from(row.branches)].iter().map(|branch| (branch.errno, branch.target)).collect()
}

#[test]
fn the_smallest_program() {
    let program = assembled("", r#"[["exit", "", 3]]"#);
    assert_eq!(program.bytes.len(), CODE + size_of::<Instruction>());
    assert_eq!((program.header.instructions, program.header.relocations, program.header.data), (1, 0, 0));
    assert_eq!(CODE, 24 + REGISTERS * 8);
}

#[test]
fn a_call_with_operands_of_every_kind() {
    let program = assembled(
        "const buffer = data(Uint8Array.of(1, 2, 3)), fd = register(9)",
        r#"[call("openat2", [fd, "etc", field(buffer, 2), inherited("listener"), addressOf(fd), -1], fd)]"#,
    );
    let row = &program.rows[0];
    let data = 0;
    assert_eq!((row.operation, row.number, row.register), (operation::CALL, 437, 9));
    let expected = [kind::REGISTER, kind::DATA, kind::DATA, kind::CONSTANT, kind::ADDRESS, kind::CONSTANT];
    assert_eq!(kinds(row), expected);
    assert_eq!(row.arguments, [9, data, data + 8 + 2, 78, 9, u64::MAX]);
    assert_eq!(program.c_string(data), "etc");
    assert_eq!(program.data()[8..12], [1, 2, 3, 0]);
    assert_eq!(row.branches, 0);
}

#[test]
fn a_call_whose_result_is_not_kept() {
    let program = assembled("", r#"[call("read", [], undefined)]"#);
    assert_eq!(program.rows[0].register, NO_REGISTER);
    assert_eq!(program.arguments(), [0; 6]);
}

#[test]
fn constants_keep_64_bits() {
    let program = assembled(
        "",
        r#"[call("read", [null, 0xffffffffffffffffn, -1n, 2 ** 40 + 1, -(2 ** 33), 0xffffffff])]"#,
    );
    assert_eq!(
        program.arguments(),
        [0, u64::MAX, u64::MAX, 0x100_0000_0001, (-(1i64 << 33)) as u64, 0xffff_ffff]
    );
    assert_eq!(kinds(&program.rows[0]), [kind::CONSTANT; 6]);
}

#[test]
fn a_number_that_is_none_of_the_kernel() {
    for number in ["0.5", "2 ** 53 + 2", "NaN", "undefined", "{}"] {
        refusal("", &format!(r#"[call("read", [{number}])]"#));
    }
}

#[test]
fn branches_of_a_call() {
    let program = assembled(
        "",
        r#"[call("read", [], undefined, [
            { errno: 2, to: label(7) }, { errno: 17, to: "next" }, { errno: "any", to: label(65534) },
        ])]"#,
    );
    assert_eq!(branches(&program.rows[0]), [(2, 7), (17, NEXT), (ANY_ERRNO, 65534)]);
}

#[test]
fn set_peek_and_poke() {
    let program = assembled(
        "const buffer = data(new Uint8Array(8)), r = register(1)",
        r#"[
            ["set", "", r, data("x")],
            ["peek", "", r, field(buffer, 4), 4, 0o170000],
            ["peek", "", r, buffer, 8, -1],
            ["poke", "", field(buffer, 1), r, 2],
        ]"#,
    );
    let [set, peek, all, poke] = &program.rows[..] else { panic!() };
    let buffer = 8;
    assert_eq!((set.operation, set.register, kinds(set)[0]), (operation::SET, 1, kind::DATA));
    assert_eq!(program.c_string(set.arguments[0]), "x");
    assert_eq!((peek.operation, peek.register, kinds(peek)[0]), (operation::PEEK, 1, kind::DATA));
    assert_eq!(peek.arguments[..3], [buffer + 4, 4, 0o170000]);
    assert_eq!(all.arguments[..3], [buffer, 8, u64::MAX]);
    assert_eq!((poke.operation, poke.register), (operation::POKE, NO_REGISTER));
    assert_eq!(kinds(poke)[..3], [kind::DATA, kind::REGISTER, kind::CONSTANT]);
    assert_eq!(poke.arguments[..3], [buffer + 1, 1, 2]);
}

#[test]
fn jumps() {
    let program = assembled(
        "const r = register(1), end = label(3)",
        r#"[["jump", "", end], ["jump", "", end, r, "==", 47], ["jump", "", end, r, "!=", register(2)]]"#,
    );
    let conditions = program.rows.iter().map(|row| row.register).collect::<Vec<_>>();
    assert_eq!(conditions, [condition::ALWAYS, condition::EQUAL, condition::NOT_EQUAL]);
    let sides = program.rows.iter().map(|row| row.arguments[..2].to_vec()).collect::<Vec<_>>();
    assert_eq!(sides, [[0, 0], [1, 47], [1, 2]]);
    assert_eq!(kinds(&program.rows[1])[..2], [kind::REGISTER, kind::CONSTANT]);
    assert_eq!(kinds(&program.rows[2])[..2], [kind::REGISTER, kind::REGISTER]);
    for row in &program.rows {
        assert_eq!((row.operation, branches(row)), (operation::JUMP, vec![(0, 3)]));
    }
}

#[test]
fn the_ends_of_a_program() {
    let program = assembled("", r#"[["fail", "/a", 2, "why is not for the stage"], ["exit", "", 1]]"#);
    let [fail, exit] = &program.rows[..] else { panic!() };
    assert_eq!((fail.operation, fail.arguments), (operation::FAIL, [2, 0, 0, 0, 0, 0]));
    assert_eq!((exit.operation, exit.arguments), (operation::EXIT, [1, 0, 0, 0, 0, 0]));
    assert_eq!(program.header.data, 0);
}

#[test]
fn pointers_become_relocations() {
    let program = assembled(
        r#"const argv = data(new Uint8Array(24), [{ at: 0, to: data("sh") }, { at: 8, to: data("-c") }])"#,
        r#"[call("execve", ["/bin/sh", argv, null])]"#,
    );
    let argv = program.arguments()[1];
    let found = program.relocations.iter().map(|relocation| (relocation.at, program.c_string(relocation.to)));
    assert_eq!(found.collect::<Vec<_>>(), [(argv, "sh"), (argv + 8, "-c")]);
    assert_eq!(program.data()[argv as usize..argv as usize + 24], [0; 24]);
}

#[test]
fn pointers_in_what_pointers_point_to() {
    let program = assembled(
        "const message = data(Uint8Array.of(9));
         const vector = data(new Uint8Array(16), [{ at: 8, to: message }]);
         const header = data(new Uint8Array(24), [{ at: 16, to: vector }])",
        r#"[call("write", [header, message])]"#,
    );
    let [header, message, ..] = program.arguments();
    let to = |at: u64| program.relocations.iter().find(|relocation| relocation.at == at).unwrap().to;
    assert_eq!(program.relocations.len(), 2);
    assert_eq!(to(to(header + 16) + 8), message);
    assert_eq!(program.data()[message as usize], 9);
}

#[test]
fn a_structure_is_one_for_all_who_name_it() {
    let program = assembled(
        "const one = () => data(Uint8Array.of(1)); const shared = one()",
        r#"[call("write", [one(), one(), shared, shared, field(shared, 0)])]"#,
    );
    let [first, second, shared, again, field, _] = program.arguments();
    assert_ne!(first, second);
    assert_eq!((shared, shared), (again, field));
    assert_eq!(program.header.data, 3 * 8);
}

/// The same instructions, once as they are, and once with some of them assembled before.
#[test]
fn a_part_is_as_if_it_were_assembled_with_the_rest() {
    let statements = r#"
        const fd = register(3), to = label(4), end = label(6), buffer = () => data(Uint8Array.of(7, 7));
        const argv = () => data(new Uint8Array(16), [{ at: 8, to: data("sh") }]);
        const before = [call("read", [fd, buffer(), 2], fd), call("write", [fd, "before"])];
        const middle = (to, end) => [
            call("openat2", [fd, "etc", field(buffer(), 1), addressOf(fd)], fd, [{ errno: 2, to }, { errno: 17, to: "next" }]),
            call("execve", ["/bin/sh", argv()]),
            ["jump", "", end, fd, "==", -1],
            ["poke", "", buffer(), fd, 4],
        ];
        const after = [call("write", [inherited("channel"), "after"]), ["exit", "", 1]];"#;
    let whole = assembled(statements, "[...before, ...middle(to, end), ...after]");
    let parts = assembled(statements, "[...before, part(middle(label(2), label(4))), ...after]");
    assert_eq!(whole.bytes, parts.bytes);
    assert_eq!((whole.rows.len(), whole.relocations.len()), (8, 1));
    // Two of them, one after the other.
    let twice = assembled(statements, "[part(middle(label(2), label(4))), part(middle(label(2), label(4)))]");
    assert_eq!((twice.rows.len(), twice.relocations.len()), (8, 2));
    assert_eq!((branches(&twice.rows[0])[0], branches(&twice.rows[4])[0]), ((2, 2), (2, 6)));
    assert_eq!(twice.c_string(twice.rows[5].arguments[0]), "/bin/sh");
}

#[test]
fn a_part_that_is_no_program_is_refused() {
    for image in
        ["new Uint8Array()", "new Uint8Array(300).fill(255)", "part([['exit', '', 0]])[2].image.slice(0, -8)"]
    {
        assert!(refusal("", &format!(r#"[["part", "", {{ image: {image} }}]]"#)).contains("no program"));
    }
    refusal("", r#"[["part", "", {}]]"#);
    refusal("", r#"[part([call("read", [inherited("channel")])])]"#);
}

#[test]
fn every_datum_is_aligned_and_ends_with_a_nul() {
    for length in 0..20 {
        let text = "x".repeat(length);
        let program = assembled("", &format!(r#"[call("write", ["{text}", data("{text}"), "end"])]"#));
        let [first, second, third, ..] = program.arguments();
        assert_eq!([first % 8, second % 8, third % 8], [0; 3]);
        assert_eq!([first, second].map(|at| program.c_string(at)), [&text, &text]);
        assert_eq!(program.c_string(third), "end");
    }
}

#[test]
fn bytes_go_in_as_they_are() {
    let program = assembled("", r#"[call("write", ["\x80\xff\x01", data("a\0b")])]"#);
    assert_eq!(program.data()[..4], [0x80, 0xff, 1, 0]);
    assert_eq!(program.data()[8..12], [b'a', 0, b'b', 0]);
    assert!(refusal("", r#"[call("write", ["\u0100"])]"#).contains("beyond 255"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let branch = "{ errno: 1, to: \"next\" },";
    let fits = |arguments, branches| {
        let literal = format!(
            r#"[call("read", [{}], undefined, [{}])]"#,
            "0,".repeat(arguments),
            branch.repeat(branches)
        );
        try_assemble("", &literal).map(|program| program.rows[0].branches)
    };
    assert_eq!(fits(6, 6), Ok(6));
    assert!(fits(7, 0).unwrap_err().contains("too many arguments"));
    assert!(fits(0, 7).unwrap_err().contains("too many branches"));
}

#[test]
fn a_program_whose_targets_do_not_fit_is_refused() {
    let exits = |count: u32| try_assemble("", &format!(r#"Array({count}).fill(["exit", "", 0])"#));
    assert_eq!(exits(65534).unwrap().header.instructions, 65534);
    assert!(exits(65535).err().unwrap().contains("too many instructions"));
    refusal("", r#"[["jump", "", label(65536)]]"#);
    refusal("", r#"[["jump", "", label(-1)]]"#);
}

#[test]
fn what_nobody_knows_is_refused() {
    assert!(refusal("", r#"[["leap", ""]]"#).contains("leap is no instruction"));
    assert!(refusal("", r#"[call("read", [{ kind: "cell" }])]"#).contains("cell is no operand"));
    refusal("", r#"[call("reed", [])]"#);
    refusal("", r#"[call("read", [inherited("missing")])]"#);
}
