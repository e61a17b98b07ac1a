;; Wants 4 GiB of memory to begin with. It should be refused when it is loaded or when it is
;; called, where the fault is "memory refused".
(memory (export "memory") 65536)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 0))
(func (export "after") (param i32))
