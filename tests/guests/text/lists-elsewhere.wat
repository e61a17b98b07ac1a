;; Answers with a list that lies beyond its memory (interface=transform-texts). It should become
;; the fault "trapped".
(memory (export "memory") 64)
(data (i32.const 1024) "\00\00\00\00\00\00\ff\7f\01\00\00\00")
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 1024))
(func (export "after") (param i32))
