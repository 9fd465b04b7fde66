//! The interpreter of programs.

use program::{
    ANY_ERRNO, CODE, Header, Instruction, MAGIC, MAX_BRANCHES, NEXT, NO_REGISTER, REGISTERS, Relocation,
    VERSION, condition, kind, operation,
};

use crate::arch::{self, syscall};
use crate::exit;

/// Register 0 holds the descriptor to which a failure is reported.
const REPORT: usize = 0;
/// First word of a failure report; the words that programs send themselves are different.
const FAILURE: u32 = 1;
const EPROTO: u64 = 71;

pub struct Program {
    base: *mut u8,
    /// Number of instructions, and where the data begins behind them.
    count: usize,
    data: usize,
}

impl Program {
    /// Maps the program in `fd`, with `flags` of mmap(2), and closes `fd`. `None` if that is not a program of this version.
    pub fn map(fd: u64, flags: u64) -> Option<Program> {
        const SEEK_END: u64 = 2;
        const PROT_READ_WRITE: u64 = 3;
        let size = syscall(arch::LSEEK, [fd, 0, SEEK_END, 0, 0, 0]);
        if size < CODE as i64 {
            return None;
        }
        let base = syscall(arch::MMAP, [0, size as u64, PROT_READ_WRITE, flags, fd, 0]);
        if base < 0 {
            return None;
        }
        syscall(arch::CLOSE, [fd, 0, 0, 0, 0, 0]);
        // SAFETY: the mapping is page aligned and at least a header long.
        let header = unsafe { &*(base as *const Header) };
        let count = header.instructions as usize;
        let relocations = header.relocations as usize;
        let data = CODE + count * size_of::<Instruction>();
        let table = data + header.data as usize;
        let needed = table + relocations * size_of::<Relocation>();
        let known = header.magic == MAGIC && header.version == VERSION && header.size as i64 == size;
        if !known || count == 0 || !table.is_multiple_of(8) || needed > size as usize {
            return None;
        }
        let program = Program { base: base as *mut u8, count, data };
        for n in 0..relocations {
            // SAFETY: the table is part of the mapping, as seen above.
            let relocation = unsafe { *program.base.add(table).cast::<Relocation>().add(n) };
            program.relocate(relocation, u64::from(header.data))?;
        }
        Some(program)
    }

    fn relocate(&self, Relocation { at, to }: Relocation, size: u64) -> Option<()> {
        if !at.is_multiple_of(8) || size < 8 || at > size - 8 || to >= size {
            return None;
        }
        // SAFETY: the place is aligned and inside the data, which are ours alone.
        unsafe { *self.base.add(self.data + at as usize).cast::<u64>() = self.address(to) };
        Some(())
    }

    fn address(&self, of: u64) -> u64 {
        (self.base as u64 + self.data as u64).wrapping_add(of)
    }

    pub fn run(&self) -> ! {
        let mut at = 0;
        loop {
            if at >= self.count {
                self.fail(at, EPROTO);
            }
            at = self.step(at);
        }
    }

    /// Runs the instruction at `at` and returns the index of the next one.
    fn step(&self, at: usize) -> usize {
        let instruction = self.instruction(at);
        let value = |n: usize| self.operand(instruction, n);
        match instruction.operation {
            operation::CALL => return self.call(at, instruction),
            operation::SET => self.store(instruction.register, value(0)),
            operation::PEEK => self.store(instruction.register, peek(value(0), value(1)) & value(2)),
            operation::POKE => poke(value(0), value(1), value(2)),
            operation::JUMP => {
                let taken = match instruction.register {
                    condition::ALWAYS => true,
                    condition::EQUAL => value(0) == value(1),
                    condition::NOT_EQUAL => value(0) != value(1),
                    _ => self.fail(at, EPROTO),
                };
                return if taken { usize::from(instruction.branch[0].target) } else { at + 1 };
            }
            operation::FAIL => self.fail(at, value(0)),
            operation::EXIT => exit(value(0)),
            _ => self.fail(at, EPROTO),
        }
        at + 1
    }

    fn call(&self, at: usize, instruction: &Instruction) -> usize {
        let arguments = core::array::from_fn(|n| self.operand(instruction, n));
        let result = syscall(u64::from(instruction.number), arguments);
        self.store(instruction.register, result as u64);
        if !(-4095..0).contains(&result) {
            return at + 1;
        }
        let errno = -result as u16;
        for n in 0..usize::from(instruction.branches).min(MAX_BRANCHES) {
            let branch = instruction.branch[n];
            if branch.errno == errno || branch.errno == ANY_ERRNO {
                return if branch.target == NEXT { at + 1 } else { usize::from(branch.target) };
            }
        }
        self.fail(at, u64::from(errno))
    }

    fn fail(&self, at: usize, errno: u64) -> ! {
        let report = [FAILURE, at as u32, errno as u32];
        let fd = self.register(REPORT);
        // SAFETY: the register is inside the mapping.
        let fd = unsafe { *fd };
        syscall(arch::WRITE, [fd, report.as_ptr() as u64, 12, 0, 0, 0]);
        exit(1)
    }

    fn operand(&self, instruction: &Instruction, n: usize) -> u64 {
        let value = instruction.arguments[n];
        let index = (value as usize) % REGISTERS;
        match (instruction.kinds >> (2 * n)) & 3 {
            kind::CONSTANT => value,
            kind::DATA => self.address(value),
            // SAFETY: the register is inside the mapping.
            kind::REGISTER => unsafe { *self.register(index) },
            _ => self.register(index) as u64,
        }
    }

    fn store(&self, register: u8, value: u64) {
        if register != NO_REGISTER {
            // SAFETY: the register is inside the mapping, which is writable and ours alone.
            unsafe { *self.register(usize::from(register) % REGISTERS) = value };
        }
    }

    fn register(&self, index: usize) -> *mut u64 {
        // SAFETY: `map` has seen that the registers are part of the mapping, and `index` is below REGISTERS.
        unsafe { self.base.add(size_of::<Header>()).cast::<u64>().add(index) }
    }

    fn instruction(&self, at: usize) -> &Instruction {
        // SAFETY: `run` has compared `at` with the count that `map` has found to fit; `CODE` and 80 are multiples of 8.
        unsafe { &*self.base.add(CODE).cast::<Instruction>().add(at) }
    }
}

fn peek(address: u64, width: u64) -> u64 {
    let mut value = 0;
    for n in 0..width.min(8) {
        // SAFETY: the address is the program's; a wrong one is a fault in the program and ends it.
        let byte = unsafe { ((address + n) as *const u8).read_volatile() };
        value |= u64::from(byte) << (8 * n);
    }
    value
}

fn poke(address: u64, value: u64, width: u64) {
    for n in 0..width.min(8) {
        // SAFETY: as in `peek`.
        unsafe { ((address + n) as *mut u8).write_volatile((value >> (8 * n)) as u8) };
    }
}
