#include "textflag.h"
#include "go_asm.h"

// A byte has the properties that its two halves agree on, a bit each (PSHUFB on nibbles):
//   0 A-O a-o   1 P-Z p-z   2 _   5 + -   6 : = >   7 0-9
// and those that few bytes have:
//   0 (   1 @   2 \   3 %   4 ESC   5 line feed   6 first bytes of accented letters, C3 to C5
DATA nibbles<>+0(SB)/8, $0x8383838383838382 // by the low half
DATA nibbles<>+8(SB)/8, $0x0541610121438383
DATA nibbles<>+16(SB)/8, $0x02010601c0200000 // by the high half
DATA nibbles<>+24(SB)/8, $0
DATA nibbles<>+32(SB)/8, $0x0000484040000002 // of the others, by the low half
DATA nibbles<>+40(SB)/8, $0x0000000410200001
DATA nibbles<>+48(SB)/8, $0x0000040200091020 // by the high half
DATA nibbles<>+56(SB)/8, $0x0000004000000000
DATA nibbles<>+64(SB)/8, $0x0f0f0f0f0f0f0f0f // a half
DATA nibbles<>+72(SB)/8, $0x0303030303030303 // letters
DATA nibbles<>+80(SB)/8, $0x2020202020202020 // what small letters have and capitals lack
DATA nibbles<>+88(SB)/8, $0x6161616161616161 // a
DATA nibbles<>+96(SB)/8, $0x1919191919191919 // letters after it
DATA nibbles<>+104(SB)/8, $0x3030303030303030 // 0
DATA nibbles<>+112(SB)/8, $0x0909090909090909 // digits after it
DATA nibbles<>+120(SB)/8, $0x1c1c1c1c1c1c1c1c // what may begin an escape sequence
GLOBL nibbles<>(SB), RODATA|NOPTR, $128

// JOIN puts the halves of a mask together.
#define JOIN(low, high) \
	SHLQ $32, high \
	ORQ high, low

// MASK is the top bits of two times 32 bytes.
#define MASK(first, second, low, high) \
	VPMOVMSKB first, low   \
	VPMOVMSKB second, high \
	JOIN(low, high)

// func classify64(p *byte, b *block, keep uint64)
TEXT ·classify64(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ b+8(FP), DI
	MOVQ keep+16(FP), R9
	VBROADCASTI128 nibbles<>+0(SB), Y8
	VBROADCASTI128 nibbles<>+16(SB), Y9
	VBROADCASTI128 nibbles<>+32(SB), Y10
	VBROADCASTI128 nibbles<>+48(SB), Y11
	VPBROADCASTQ nibbles<>+64(SB), Y12
	VPBROADCASTQ nibbles<>+72(SB), Y15
	VPXOR Y13, Y13, Y13
	VMOVDQU 0(SI), Y0
	VMOVDQU 32(SI), Y1
	VPSRLW $4, Y0, Y2
	VPSRLW $4, Y1, Y3
	VPAND Y12, Y2, Y2
	VPAND Y12, Y3, Y3
	VPAND Y12, Y0, Y4
	VPAND Y12, Y1, Y5
	VPSHUFB Y4, Y8, Y6
	VPSHUFB Y5, Y8, Y7
	VPSHUFB Y2, Y9, Y8
	VPSHUFB Y3, Y9, Y9
	VPAND Y8, Y6, Y6 // the properties
	VPAND Y9, Y7, Y7
	VPSHUFB Y4, Y10, Y4
	VPSHUFB Y5, Y10, Y5
	VPSHUFB Y2, Y11, Y2
	VPSHUFB Y3, Y11, Y3
	VPAND Y2, Y4, Y4 // those that few bytes have
	VPAND Y3, Y5, Y5

	MASK(Y6, Y7, R8, BX)
	ANDQ R9, R8
	MOVQ R8, 24(DI) // digit
	VPADDB Y6, Y6, Y2
	VPADDB Y7, Y7, Y3
	MASK(Y2, Y3, AX, BX)
	ANDQ R9, AX
	MOVQ AX, 32(DI) // separator
	VPADDB Y2, Y2, Y2
	VPADDB Y3, Y3, Y3
	MASK(Y2, Y3, AX, BX)
	ANDQ R9, AX
	MOVQ AX, 40(DI) // sign
	VPAND Y15, Y6, Y2
	VPAND Y15, Y7, Y3
	VPCMPGTB Y13, Y2, Y2
	VPCMPGTB Y13, Y3, Y3
	MASK(Y2, Y3, AX, BX)
	ANDQ R9, AX
	MOVQ AX, 8(DI) // letter
	VPSLLW $2, Y0, Y2
	VPSLLW $2, Y1, Y3
	MASK(Y2, Y3, CX, DX)
	NOTQ CX
	ANDQ AX, CX
	MOVQ CX, 16(DI) // upper
	VPSLLW $5, Y6, Y2
	VPSLLW $5, Y7, Y3
	MASK(Y2, Y3, CX, DX)
	ANDQ R9, CX
	ORQ R8, AX
	ORQ CX, AX
	MOVQ AX, 0(DI) // word

	VPOR Y4, Y5, Y2
	VPTEST Y2, Y2
	JNZ few
	VMOVDQU X13, 48(DI)
	VZEROUPPER
	RET

few:
	VPBROADCASTQ nibbles<>+120(SB), Y8
	VPCMPGTB Y13, Y4, Y2
	VPCMPGTB Y13, Y5, Y3
	MASK(Y2, Y3, AX, BX)
	ANDQ R9, AX
	MOVQ AX, 48(DI) // other
	VPAND Y8, Y4, Y4
	VPAND Y8, Y5, Y5
	VPCMPGTB Y13, Y4, Y4
	VPCMPGTB Y13, Y5, Y5
	MASK(Y4, Y5, AX, BX)
	ANDQ R9, AX
	MOVQ AX, 56(DI) // escape
	VZEROUPPER
	RET

// func prefixed64(p *byte, places uint64) (found uint64)
TEXT ·prefixed64(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ places+8(FP), DX
	LEAQ ·prefixBits(SB), DI
	LEAQ ·fifthBytes(SB), R11
	XORL AX, AX
	TESTQ DX, DX
	JZ done

place:
	BSFQ DX, CX
	MOVL (SI)(CX*1), R8
	ANDL $0x1f1f1f1f, R8
	IMUL3L $const_prefixFactor, R8, R9 // prefixBit
	MOVL R9, R10
	SHRL $(32-const_prefixHash+6), R10
	SHRL $(32-const_prefixHash), R9
	MOVQ (DI)(R10*8), R10
	BTQ R9, R10
	JCC next
	IMUL3L $const_fifthFactor, R8, R9 // fifthSlot
	SHRL $(32-const_fifthHash), R9
	MOVBLZX 4(SI)(CX*1), R8
	MOVL (R11)(R9*4), R9
	BTL R8, R9
	JCC next
	BTSQ CX, AX

next:
	LEAQ -1(DX), R9
	ANDQ R9, DX
	JNZ place

done:
	MOVQ AX, found+16(FP)
	RET

// func letters64(p *byte) (letter, upper, digit, high uint64)
TEXT ·letters64(SB), NOSPLIT, $0-40
	MOVQ p+0(FP), SI
	VPBROADCASTQ nibbles<>+80(SB), Y8
	VPBROADCASTQ nibbles<>+88(SB), Y9
	VPBROADCASTQ nibbles<>+96(SB), Y10
	VPBROADCASTQ nibbles<>+104(SB), Y11
	VPBROADCASTQ nibbles<>+112(SB), Y12

#define LETTERS(offset, letter, small, digit, high) \
	VMOVDQU offset(SI), Y0       \
	VPMOVMSKB Y0, high           \
	VPSLLW $2, Y0, Y1            \
	VPMOVMSKB Y1, small          \
	VPOR Y8, Y0, Y2              \
	VPSUBB Y9, Y2, Y2            \
	VPMINUB Y10, Y2, Y3          \
	VPCMPEQB Y2, Y3, Y3          \
	VPMOVMSKB Y3, letter         \
	VPSUBB Y11, Y0, Y4           \
	VPMINUB Y12, Y4, Y5          \
	VPCMPEQB Y4, Y5, Y5          \
	VPMOVMSKB Y5, digit

	LETTERS(0, AX, BX, CX, DX)
	LETTERS(32, R8, R9, R10, R11)
	VZEROUPPER
	SHLQ $32, R8
	ORQ R8, AX
	SHLQ $32, R9
	ORQ R9, BX
	NOTQ BX
	ANDQ AX, BX
	SHLQ $32, R10
	ORQ R10, CX
	SHLQ $32, R11
	ORQ R11, DX
	MOVQ AX, letter+8(FP)
	MOVQ BX, upper+16(FP)
	MOVQ CX, digit+24(FP)
	MOVQ DX, high+32(FP)
	RET

// func lists32(p *byte, n int, starts *int32, from int32) (found int)
// A comma counts when the byte behind it is a quote, or a space with a quote behind that.
TEXT ·lists32(SB), NOSPLIT, $0-40
	MOVQ p+0(FP), SI
	MOVQ n+8(FP), BX
	MOVQ starts+16(FP), DI
	MOVL from+24(FP), R9
	MOVQ DI, R8
	VPBROADCASTQ lists<>+0(SB), Y8
	VPBROADCASTQ lists<>+8(SB), Y9
	VPBROADCASTQ lists<>+16(SB), Y10

chunk:
	VPCMPEQB 0(SI), Y8, Y0
	VPCMPEQB 1(SI), Y9, Y1
	VPCMPEQB 1(SI), Y10, Y2
	VPCMPEQB 2(SI), Y9, Y3
	VPAND Y3, Y2, Y2
	VPOR Y2, Y1, Y1
	VPAND Y1, Y0, Y0
	VPMOVMSKB Y0, AX
	TESTL AX, AX
	JZ none

one:
	BSFL AX, CX
	ADDL R9, CX
	MOVL CX, (DI)
	ADDQ $4, DI
	LEAL -1(AX), DX
	ANDL DX, AX
	JNZ one

none:
	ADDQ $32, SI
	ADDL $32, R9
	SUBQ $32, BX
	JG chunk
	VZEROUPPER
	SUBQ R8, DI
	SHRQ $2, DI
	MOVQ DI, found+32(FP)
	RET

DATA lists<>+0(SB)/8, $0x2c2c2c2c2c2c2c2c // comma
DATA lists<>+8(SB)/8, $0x2222222222222222 // quote
DATA lists<>+16(SB)/8, $0x2020202020202020 // space
GLOBL lists<>(SB), RODATA|NOPTR, $24

// func fields64(p *byte, starts *int32, n int, seats *field, known *uint64)
TEXT ·fields64(SB), NOSPLIT, $0-40
	MOVQ p+0(FP), SI
	MOVQ starts+8(FP), DI
	MOVQ n+16(FP), R8
	DECQ R8
	MOVQ seats+24(FP), R9
	MOVQ known+32(FP), R10
	XORL R11, R11 // the field
	XORL R14, R14 // the bits of those known
	MOVL (DI), R12

field:
	MOVL 4(DI)(R11*4), R13
	MOVL R13, AX
	SUBL R12, AX // its length
	LEAQ (SI)(R12*1), CX
	MOVL R13, R12
	LEAL -const_shortestField(AX), BX
	CMPL BX, $(const_longestField-const_shortestField)
	JHI next

	// fieldHash
	MOVQ $0x9e3779b97f4a7c15, BX
	MOVQ (CX), DX
	IMULQ BX, DX
	XORQ -8(CX)(AX*1), DX
	MOVQ AX, BX
	SHLQ $32, BX
	XORQ BX, DX
	TESTQ R11, R11
	JZ outer
	CMPQ R11, R8
	JNE inner

outer:
	NOTQ DX

inner:
	MOVQ $0xd6e8feb86659fd93, BX
	IMULQ BX, DX
	MOVQ DX, BX
	SHRQ $(64-const_fieldBits), BX
	SHLQ $8, BX
	ADDQ R9, BX
	CMPQ field_hash(BX), DX
	JEQ same
	MOVQ DX, BX
	SHRQ $(64-2*const_fieldBits), BX
	ANDL $((1<<const_fieldBits)-1), BX
	SHLQ $8, BX
	ADDQ R9, BX
	CMPQ field_hash(BX), DX
	JNE next

same:
	CMPW field_n(BX), AX // and it is whole
	JNE next
	ADDQ $field_text, BX
	CMPL AX, $32
	JCS half
	LEAQ -32(AX), DX

whole: // from the end: what is left before the first 32 bytes is compared twice
	VMOVDQU (CX)(DX*1), Y0
	VPCMPEQB (BX)(DX*1), Y0, Y0
	VPMOVMSKB Y0, R13
	INCL R13
	JNZ next
	TESTQ DX, DX
	JZ yes
	SUBQ $32, DX
	JCC whole
	XORL DX, DX
	JMP whole

half:
	CMPL AX, $16
	JCS quarter
	VMOVDQU (CX), X0
	VPCMPEQB (BX), X0, X0
	VMOVDQU -16(CX)(AX*1), X1
	VPCMPEQB -16(BX)(AX*1), X1, X1
	VPAND X1, X0, X0
	VPMOVMSKB X0, R13
	CMPL R13, $0xffff
	JNE next
	JMP yes

quarter:
	MOVQ (CX), DX
	CMPQ DX, (BX)
	JNE next
	MOVQ -8(CX)(AX*1), DX
	CMPQ DX, -8(BX)(AX*1)
	JNE next

yes:
	BTSQ R11, R14

next:
	INCQ R11
	TESTL $63, R11
	JNZ go
	MOVQ R14, (R10)
	ADDQ $8, R10
	XORL R14, R14

go:
	CMPQ R11, R8
	JLS field
	MOVQ R14, (R10)
	VZEROUPPER
	RET
