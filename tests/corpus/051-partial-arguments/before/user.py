from m import pow_n
