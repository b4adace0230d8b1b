#include "textflag.h"

// A byte has the properties that its two halves agree on, a bit each (PSHUFB on nibbles):
//   0 A-O a-o   1 P-Z p-z   2 0-9   3 _   4 : = >   5 ( + -   6 @   7 \
DATA nibbles<>+0(SB)/8, $0x0707070707070746
DATA nibbles<>+8(SB)/8, $0x0911318121130727
DATA nibbles<>+16(SB)/8, $0x02018a4114200000 // by the high half
DATA nibbles<>+24(SB)/8, $0
DATA nibbles<>+32(SB)/8, $0x0f0f0f0f0f0f0f0f // what words are of
DATA nibbles<>+40(SB)/8, $0x2525252525252525 // %
DATA nibbles<>+48(SB)/8, $0x1b1b1b1b1b1b1b1b // ESC
DATA nibbles<>+56(SB)/8, $0x0a0a0a0a0a0a0a0a // line feed
DATA nibbles<>+64(SB)/8, $0xc3c3c3c3c3c3c3c3 // first bytes of accented letters, C3 to C5
DATA nibbles<>+72(SB)/8, $0x0202020202020202
DATA nibbles<>+80(SB)/8, $0x2020202020202020 // what small letters have and capitals lack
DATA nibbles<>+88(SB)/8, $0x6161616161616161 // a
DATA nibbles<>+96(SB)/8, $0x1919191919191919 // letters after it
DATA nibbles<>+104(SB)/8, $0x3030303030303030 // 0
DATA nibbles<>+112(SB)/8, $0x0909090909090909 // digits after it
DATA nibbles<>+120(SB)/8, $0x0303030303030303 // letters
DATA nibbles<>+128(SB)/8, $0xc0c0c0c0c0c0c0c0 // @ and the backslash
GLOBL nibbles<>(SB), RODATA|NOPTR, $136

// JOIN puts the halves of a mask together.
#define JOIN(low, high) \
	SHLQ $32, high \
	ORQ high, low

// func classify64(p *byte, b *block)
TEXT ·classify64(SB), NOSPLIT, $0-16
	MOVQ p+0(FP), SI
	MOVQ b+8(FP), DI
	VBROADCASTI128 nibbles<>+0(SB), Y8
	VBROADCASTI128 nibbles<>+16(SB), Y9
	VPBROADCASTQ nibbles<>+32(SB), Y10
	VPBROADCASTQ nibbles<>+40(SB), Y11
	VPBROADCASTQ nibbles<>+48(SB), Y12
	VPBROADCASTQ nibbles<>+56(SB), Y14
	VPBROADCASTQ nibbles<>+64(SB), Y15
	VPBROADCASTQ nibbles<>+120(SB), Y7
	VPXOR Y13, Y13, Y13
	VMOVDQU 0(SI), Y0
	VMOVDQU 32(SI), Y1
	VPSRLW $4, Y0, Y2
	VPSRLW $4, Y1, Y3
	VPAND Y10, Y2, Y2
	VPAND Y10, Y3, Y3
	VPSHUFB Y2, Y9, Y2
	VPSHUFB Y3, Y9, Y3
	VPAND Y10, Y0, Y4
	VPAND Y10, Y1, Y5
	VPSHUFB Y4, Y8, Y4
	VPSHUFB Y5, Y8, Y5
	VPAND Y4, Y2, Y2 // the properties
	VPAND Y5, Y3, Y3

	VPAND Y10, Y2, Y4
	VPAND Y10, Y3, Y5
	VPCMPEQB Y13, Y4, Y4
	VPCMPEQB Y13, Y5, Y5
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y5, BX
	JOIN(AX, BX)
	NOTQ AX
	MOVQ AX, 0(DI) // word

	VPAND Y7, Y2, Y4
	VPAND Y7, Y3, Y5
	VPCMPEQB Y13, Y4, Y4
	VPCMPEQB Y13, Y5, Y5
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y5, BX
	JOIN(AX, BX)
	NOTQ AX
	MOVQ AX, 8(DI) // letter

	VPSLLW $2, Y0, Y4
	VPSLLW $2, Y1, Y5
	VPMOVMSKB Y4, CX
	VPMOVMSKB Y5, DX
	JOIN(CX, DX)
	NOTQ CX
	ANDQ AX, CX
	MOVQ CX, 16(DI) // upper

	VPSLLW $5, Y2, Y4
	VPSLLW $5, Y3, Y5
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y5, BX
	JOIN(AX, BX)
	MOVQ AX, 24(DI) // digit

	VPSLLW $3, Y2, Y4
	VPSLLW $3, Y3, Y5
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y5, BX
	JOIN(AX, BX)
	MOVQ AX, 32(DI) // separator

	VPSLLW $2, Y2, Y4
	VPSLLW $2, Y3, Y5
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y5, BX
	JOIN(AX, BX)
	MOVQ AX, 40(DI) // sign

	VPCMPEQB Y11, Y0, Y4
	VPCMPEQB Y11, Y1, Y5
	VPCMPEQB Y12, Y0, Y6
	VPCMPEQB Y12, Y1, Y7
	VPOR Y6, Y4, Y4
	VPOR Y7, Y5, Y5
	VPOR Y2, Y4, Y6
	VPOR Y3, Y5, Y7
	VPMOVMSKB Y6, AX
	VPMOVMSKB Y7, BX
	JOIN(AX, BX)
	MOVQ AX, 56(DI) // escape

	VPCMPEQB Y14, Y0, Y6
	VPCMPEQB Y14, Y1, Y7
	VPOR Y6, Y4, Y4
	VPOR Y7, Y5, Y5
	VPBROADCASTQ nibbles<>+128(SB), Y8
	VPAND Y8, Y2, Y2
	VPAND Y8, Y3, Y3
	VPOR Y2, Y4, Y4
	VPOR Y3, Y5, Y5
	VPBROADCASTQ nibbles<>+72(SB), Y8
	VPSUBB Y15, Y0, Y0
	VPSUBB Y15, Y1, Y1
	VPMINUB Y8, Y0, Y2
	VPMINUB Y8, Y1, Y3
	VPCMPEQB Y2, Y0, Y0
	VPCMPEQB Y3, Y1, Y1
	VPOR Y0, Y4, Y4
	VPOR Y1, Y5, Y5
	VPCMPEQB Y13, Y4, Y4
	VPCMPEQB Y13, Y5, Y5
	VPMOVMSKB Y4, AX
	VPMOVMSKB Y5, BX
	JOIN(AX, BX)
	NOTQ AX
	MOVQ AX, 48(DI) // other
	VZEROUPPER
	RET

// func prefixed64(p *byte, places uint64) (found uint64)
TEXT ·prefixed64(SB), NOSPLIT, $0-24
	MOVQ p+0(FP), SI
	MOVQ places+8(FP), DX
	LEAQ ·prefixBits(SB), DI
	XORL AX, AX
	TESTQ DX, DX
	JZ done

place:
	BSFQ DX, CX
	MOVL (SI)(CX*1), R8
	ANDL $0x1f1f1f1f, R8
	IMUL3L $0x9e3779b1, R8, R8 // prefixBit
	MOVL R8, R9
	SHRL $21, R8
	SHRL $15, R9
	MOVQ (DI)(R8*8), R8
	BTQ R9, R8
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
