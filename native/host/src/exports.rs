["syscall", "address", "encode", "decode", "assemble", "spawn", "argv", "environ", "stage"]
