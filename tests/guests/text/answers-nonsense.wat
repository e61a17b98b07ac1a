;; Answers with an outcome that does not exist, number 9. The host finds out while it reads
;; the answer, when the guest has already returned: it should become the fault "trapped".
(memory (export "memory") 16)
(data (i32.const 4) "\09")
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 0))
(func (export "after") (param i32))
