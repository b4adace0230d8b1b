#include "textflag.h"

// A byte has the properties that its two halves agree on, a bit each (PSHUFB on nibbles):
//   0 A-O a-o   1 P-Z p-z   2 0-9   3 _   4 : = >   5 % ( + -   6 @   7 \
DATA nibbles<>+0(SB)/8, $0x0707270707070746
DATA nibbles<>+8(SB)/8, $0x0911318121130727
DATA nibbles<>+16(SB)/8, $0x02018a4114200000 // by the high half
DATA nibbles<>+24(SB)/8, $0
DATA nibbles<>+32(SB)/8, $0x0f0f0f0f0f0f0f0f
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
GLOBL nibbles<>(SB), RODATA|NOPTR, $120

// func classify64(p *byte) (word, digit, event, escape uint64)
TEXT ·classify64(SB), NOSPLIT, $0-40
	MOVQ p+0(FP), SI
	VBROADCASTI128 nibbles<>+0(SB), Y8
	VBROADCASTI128 nibbles<>+16(SB), Y9
	VPBROADCASTQ nibbles<>+32(SB), Y10
	VPBROADCASTQ nibbles<>+40(SB), Y11
	VPBROADCASTQ nibbles<>+48(SB), Y12
	VPBROADCASTQ nibbles<>+56(SB), Y14
	VPBROADCASTQ nibbles<>+64(SB), Y15
	VPXOR Y13, Y13, Y13

#define HALF(offset, word, digit, event, escape) \
	VMOVDQU offset(SI), Y0       \
	VPAND Y10, Y0, Y1            \
	VPSHUFB Y1, Y8, Y1           \
	VPSRLW $4, Y0, Y2            \
	VPAND Y10, Y2, Y2            \
	VPSHUFB Y2, Y9, Y2           \
	VPAND Y1, Y2, Y3             \
	VPAND Y10, Y3, Y4            \
	VPCMPEQB Y13, Y4, Y4         \
	VPMOVMSKB Y4, word           \
	VPSLLW $5, Y3, Y5            \
	VPMOVMSKB Y5, digit          \
	VPCMPEQB Y12, Y0, Y6         \
	VPANDN Y3, Y10, Y7           \
	VPOR Y6, Y7, Y7              \
	VPCMPEQB Y14, Y0, Y4         \
	VPOR Y4, Y7, Y7              \
	VPSUBB Y15, Y0, Y4           \
	VPBROADCASTQ nibbles<>+72(SB), Y5 \
	VPMINUB Y5, Y4, Y5           \
	VPCMPEQB Y5, Y4, Y4          \
	VPOR Y4, Y7, Y7              \
	VPCMPEQB Y13, Y7, Y7         \
	VPMOVMSKB Y7, event          \
	VPCMPEQB Y11, Y0, Y7         \
	VPOR Y6, Y7, Y7              \
	VPOR Y3, Y7, Y7              \
	VPMOVMSKB Y7, escape

	HALF(0, AX, BX, CX, DX)
	HALF(32, R8, R9, R10, R11)
	VZEROUPPER
	SHLQ $32, R8
	ORQ R8, AX
	NOTQ AX
	SHLQ $32, R9
	ORQ R9, BX
	SHLQ $32, R10
	ORQ R10, CX
	NOTQ CX
	SHLQ $32, R11
	ORQ R11, DX
	MOVQ AX, word+8(FP)
	MOVQ BX, digit+16(FP)
	MOVQ CX, event+24(FP)
	MOVQ DX, escape+32(FP)
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
