;; Answers with a string of so many code units, with string-encoding=utf16, that the number of its
;; bytes does not fit into 32 bits: cut off, it would be 16. It should become the fault "trapped".
(memory (export "memory") 16)
(data (i32.const 1024) "\00\00\00\00\01\00\00\00\00\05\00\00\08\00\00\80")
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 1024))
(func (export "after") (param i32))
