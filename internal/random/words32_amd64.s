#include "textflag.h"

DATA lanes<>+0(SB)/4, $0
DATA lanes<>+4(SB)/4, $1
DATA lanes<>+8(SB)/4, $2
DATA lanes<>+12(SB)/4, $3
DATA lanes<>+16(SB)/4, $4
DATA lanes<>+20(SB)/4, $5
DATA lanes<>+24(SB)/4, $6
DATA lanes<>+28(SB)/4, $7
GLOBL lanes<>(SB), RODATA|NOPTR, $32

// The words c0 .. c3 of eight counters are in Y0 .. Y3, the keys in Y4 and Y5, the multipliers in
// Y6 and Y7, the increments of the keys in Y8 and Y9. A product of 32-bit words is taken for the
// even and for the odd lanes.
#define MULTIPLY(c, m, high, low) \
	VPMULUDQ c, m, Y12            \
	VPSRLQ   $32, c, Y13          \
	VPMULUDQ Y13, m, Y13          \
	VPSRLQ   $32, Y12, Y14        \
	VPSLLQ   $32, Y13, Y15        \
	VPBLENDD $0xAA, Y13, Y14, high \
	VPBLENDD $0xAA, Y15, Y12, low

#define ROUND \
	MULTIPLY(Y0, Y6, Y10, Y11) \
	VPXOR Y10, Y3, Y3          \
	VPXOR Y5, Y3, Y3           \
	VMOVDQA Y11, Y0            \
	MULTIPLY(Y2, Y7, Y10, Y11) \
	VPXOR Y10, Y1, Y1          \
	VPXOR Y4, Y1, Y10          \
	VMOVDQA Y11, Y1            \
	VMOVDQA Y3, Y2             \
	VMOVDQA Y0, Y3             \
	VMOVDQA Y10, Y0            \
	VPADDD Y8, Y4, Y4          \
	VPADDD Y9, Y5, Y5

// func fillAVX2(dst *uint32, blocks int, k0, k1, low, high uint32)
// blocks is positive.
TEXT ·fillAVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         blocks+8(FP), CX
	XORQ         AX, AX
	MOVL         $0xD2511F53, DX
	VMOVD        DX, X6
	VPBROADCASTD X6, Y6
	MOVL         $0xCD9E8D57, DX
	VMOVD        DX, X7
	VPBROADCASTD X7, Y7
	MOVL         $0x9E3779B9, DX
	VMOVD        DX, X8
	VPBROADCASTD X8, Y8
	MOVL         $0xBB67AE85, DX
	VMOVD        DX, X9
	VPBROADCASTD X9, Y9

block:
	VMOVD        AX, X0
	VPBROADCASTD X0, Y0
	VPADDD       lanes<>(SB), Y0, Y0
	MOVL         low+24(FP), DX
	VMOVD        DX, X1
	VPBROADCASTD X1, Y1
	MOVL         high+28(FP), DX
	VMOVD        DX, X2
	VPBROADCASTD X2, Y2
	VPXOR        Y3, Y3, Y3
	MOVL         k0+16(FP), DX
	VMOVD        DX, X4
	VPBROADCASTD X4, Y4
	MOVL         k1+20(FP), DX
	VMOVD        DX, X5
	VPBROADCASTD X5, Y5
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	ROUND
	VMOVDQU      Y0, (DI)
	VMOVDQU      Y1, 32(DI)
	VMOVDQU      Y2, 64(DI)
	VMOVDQU      Y3, 96(DI)
	ADDQ         $128, DI
	ADDL         $8, AX
	DECQ         CX
	JNZ          block
	VZEROUPPER
	RET
