["syscall", "address", "encode", "decode", "spawn", "argv", "environ", "stage"]
