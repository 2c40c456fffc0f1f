#include "textflag.h"

// DO for each of four sums of eight channels, R12 bytes apart.
#define SUMS(DO) \
	MOVQ DI, BX      \
	DO((BX), Y0)     \
	DO(32(BX), Y1)   \
	ADDQ R12, BX     \
	DO((BX), Y2)     \
	DO(32(BX), Y3)   \
	ADDQ R12, BX     \
	DO((BX), Y4)     \
	DO(32(BX), Y5)   \
	ADDQ R12, BX     \
	DO((BX), Y6)     \
	DO(32(BX), Y7)

#define LOAD(place, y) VMOVUPS place, y
#define SAVE(place, y) VMOVUPS y, place

#define ONE(low, high)
#define SQUARE(low, high) \
	VMULPD low, low, low    \
	VMULPD high, high, high

// A row of eight channels at AX, of which DO is added.
#define ROW(DO, low, high) \
	VCVTPS2PD (AX), Y10       \
	VCVTPS2PD 16(AX), Y11     \
	VSUBPD    Y8, Y10, Y10    \
	VSUBPD    Y9, Y11, Y11    \
	DO(Y10, Y11)              \
	VADDPD    Y10, low, low   \
	VADDPD    Y11, high, high \
	ADDQ      R9, AX

#define SUM(DO) \
	MOVQ sums+0(FP), DI     \
	MOVQ x+8(FP), SI        \
	MOVQ stride+16(FP), R9  \
	MOVQ center+32(FP), R10 \
	MOVQ n+40(FP), R11      \
	LEAQ (R11*8), R12       \
	SHLQ $2, R9             \
eight:                      \
	MOVQ fours+24(FP), CX   \
	MOVQ SI, AX             \
	SUMS(LOAD)              \
	VMOVUPD (R10), Y8       \
	VMOVUPD 32(R10), Y9     \
four:                       \
	ROW(DO, Y0, Y1)         \
	ROW(DO, Y2, Y3)         \
	ROW(DO, Y4, Y5)         \
	ROW(DO, Y6, Y7)         \
	DECQ CX                 \
	JNZ  four               \
	SUMS(SAVE)              \
	ADDQ $64, DI            \
	ADDQ $32, SI            \
	ADDQ $64, R10           \
	SUBQ $8, R11            \
	JNZ  eight              \
	VZEROUPPER              \
	RET

// func sumAVX2(sums *float64, x *float32, stride, fours int, center *float64, n int)
// fours is positive, n a positive multiple of 8.
TEXT ·sumAVX2(SB), NOSPLIT, $0-48
	SUM(ONE)

// func sumSquaresAVX2(sums *float64, x *float32, stride, fours int, center *float64, n int)
// fours is positive, n a positive multiple of 8.
TEXT ·sumSquaresAVX2(SB), NOSPLIT, $0-48
	SUM(SQUARE)

// func scaleAVX2(y, x, by *float32, n, rows int)
// rows is positive, n a positive multiple of 8.
TEXT ·scaleAVX2(SB), NOSPLIT, $0-40
	MOVQ y+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+24(FP), R11
	MOVQ rows+32(FP), R8

row:
	MOVQ by+16(FP), R10
	MOVQ R11, CX

eight:
	VMOVUPS (SI), Y0
	VSUBPS  (R10), Y0, Y0
	LEAQ    (R10)(R11*4), AX
	VMULPS  (AX), Y0, Y0
	VMULPS  (AX)(R11*4), Y0, Y0
	VADDPS  (AX)(R11*8), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	ADDQ    $32, R10
	SUBQ    $8, CX
	JNZ     eight
	DECQ    R8
	JNZ     row
	VZEROUPPER
	RET

// A row of eight channels of dy at DX and x at AX, added to two sums.
#define ROWBACK(low, high, lowProduct, highProduct) \
	VMOVUPS      (AX), Y8                     \
	VSUBPS       Y14, Y8, Y8                  \
	VMULPS       Y15, Y8, Y8                  \
	VEXTRACTF128 $1, Y8, X9                   \
	VCVTPS2PD    X8, Y10                      \
	VCVTPS2PD    X9, Y11                      \
	VCVTPS2PD    (DX), Y12                    \
	VCVTPS2PD    16(DX), Y13                  \
	VADDPD       Y12, low, low                \
	VADDPD       Y13, high, high              \
	VMULPD       Y12, Y10, Y10                \
	VMULPD       Y13, Y11, Y11                \
	VADDPD       Y10, lowProduct, lowProduct  \
	VADDPD       Y11, highProduct, highProduct \
	ADDQ         R9, AX                       \
	ADDQ         R9, DX

// func sumBackAVX2(sums *float64, dy, x *float32, stride, pairs int, by *float32, n int)
// pairs is positive, n a positive multiple of 8.
TEXT ·sumBackAVX2(SB), NOSPLIT, $0-56
	MOVQ sums+0(FP), DI
	MOVQ dy+8(FP), R8
	MOVQ x+16(FP), SI
	MOVQ stride+24(FP), R9
	MOVQ by+40(FP), R10
	MOVQ n+48(FP), R11
	LEAQ (R11*8), R12
	LEAQ (R10)(R11*4), R13
	SHLQ $2, R9

eight:
	MOVQ    pairs+32(FP), CX
	MOVQ    SI, AX
	MOVQ    R8, DX
	SUMS(LOAD)
	VMOVUPS (R10), Y14
	VMOVUPS (R13), Y15

pair:
	ROWBACK(Y0, Y1, Y4, Y5)
	ROWBACK(Y2, Y3, Y6, Y7)
	DECQ CX
	JNZ  pair
	SUMS(SAVE)
	ADDQ $64, DI
	ADDQ $32, SI
	ADDQ $32, R8
	ADDQ $32, R10
	ADDQ $32, R13
	SUBQ $8, R11
	JNZ  eight
	VZEROUPPER
	RET

// func scaleBackAVX2(dx, dy, x, by *float32, n, rows int)
// rows is positive, n a positive multiple of 8.
TEXT ·scaleBackAVX2(SB), NOSPLIT, $0-48
	MOVQ dx+0(FP), DI
	MOVQ dy+8(FP), DX
	MOVQ x+16(FP), SI
	MOVQ n+32(FP), R11
	MOVQ rows+40(FP), R8

row:
	MOVQ by+24(FP), R10
	MOVQ R11, CX

eight:
	LEAQ    (R10)(R11*4), AX
	VMOVUPS (SI), Y0
	VSUBPS  (R10), Y0, Y0
	VMULPS  (AX), Y0, Y0
	LEAQ    (AX)(R11*8), BX
	VMULPS  (BX), Y0, Y0
	VMOVUPS (DX), Y1
	VSUBPS  (AX)(R11*4), Y1, Y1
	VSUBPS  Y0, Y1, Y1
	VMULPS  (BX)(R11*4), Y1, Y1
	VMOVUPS Y1, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, DI
	ADDQ    $32, R10
	SUBQ    $8, CX
	JNZ     eight
	DECQ    R8
	JNZ     row
	VZEROUPPER
	RET

// func rectifyAVX2(x *float32, n int)
// n is a positive multiple of 8. The maximum of -0 and 0 is -0, and of what is no number itself:
// adding 0 makes that 0, and leaves all others.
TEXT ·rectifyAVX2(SB), NOSPLIT, $0-16
	MOVQ   x+0(FP), DI
	MOVQ   n+8(FP), CX
	VXORPS Y1, Y1, Y1

eight:
	VMAXPS  (DI), Y1, Y0
	VADDPS  Y1, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	SUBQ    $8, CX
	JNZ     eight
	VZEROUPPER
	RET

// func rectifyBackAVX2(dy, y *float32, n int)
// n is a positive multiple of 8.
TEXT ·rectifyBackAVX2(SB), NOSPLIT, $0-24
	MOVQ  dy+0(FP), DI
	MOVQ  y+8(FP), SI
	MOVQ  n+16(FP), CX
	VPXOR Y1, Y1, Y1

eight:
	VPSUBD  (SI), Y1, Y0
	VPSRAD  $31, Y0, Y0
	VPAND   (DI), Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, CX
	JNZ     eight
	VZEROUPPER
	RET

// Bits of numbers to integers in the same order, and back.
#define ORDER(y, other) \
	VPSRAD $31, y, other    \
	VPSRLD $1, other, other \
	VPXOR  other, y, y

// The larger of Y0 and what is at a place; Y1 says which.
#define LARGER(place, which) \
	VMOVDQU   place, Y2         \
	ORDER(Y2, Y3)               \
	VPCMPGTD  Y0, Y2, Y3        \
	VPBLENDVB Y3, Y2, Y0, Y0    \
	VPBLENDVB Y3, which, Y1, Y1

// The numbers 1, 2 and 3 in Y5, Y6 and Y7.
#define NUMBERS \
	VPCMPEQD Y0, Y0, Y0 \
	VPSRLD   $31, Y0, Y5 \
	VPSRLD   $30, Y0, Y7 \
	VPADDD   Y5, Y5, Y6

// func largestAVX2(y *float32, from *uint8, upper, lower *float32, n int)
// n is a positive multiple of 8.
TEXT ·largestAVX2(SB), NOSPLIT, $0-40
	MOVQ y+0(FP), DI
	MOVQ from+8(FP), DX
	MOVQ upper+16(FP), SI
	MOVQ lower+24(FP), R8
	MOVQ n+32(FP), R9
	MOVQ R9, CX
	NUMBERS

eight:
	VMOVDQU      (SI), Y0
	ORDER(Y0, Y3)
	VPXOR        Y1, Y1, Y1
	LARGER(0(SI)(R9*4), Y5)
	LARGER(0(R8), Y6)
	LARGER(0(R8)(R9*4), Y7)
	ORDER(Y0, Y3)
	VMOVDQU      Y0, (DI)
	VEXTRACTI128 $1, Y1, X2
	VPACKSSDW    X2, X1, X1
	VPACKUSWB    X1, X1, X1
	VMOVQ        X1, (DX)
	ADDQ         $32, SI
	ADDQ         $32, R8
	ADDQ         $32, DI
	ADDQ         $8, DX
	SUBQ         $8, CX
	JNZ          eight
	VZEROUPPER
	RET

// The gradient Y0 where Y1 says so, else 0.
#define WHERE(which, place) \
	VPCMPEQD which, Y1, Y2 \
	VPAND    Y0, Y2, Y2    \
	VMOVDQU  Y2, place

// func largestBackAVX2(dy *float32, from *uint8, upper, lower *float32, n int)
// n is a positive multiple of 8.
TEXT ·largestBackAVX2(SB), NOSPLIT, $0-40
	MOVQ  dy+0(FP), DI
	MOVQ  from+8(FP), DX
	MOVQ  upper+16(FP), SI
	MOVQ  lower+24(FP), R8
	MOVQ  n+32(FP), R9
	MOVQ  R9, CX
	NUMBERS
	VPXOR Y4, Y4, Y4

eight:
	VMOVDQU   (DI), Y0
	VPMOVZXBD (DX), Y1
	WHERE(Y4, 0(SI))
	WHERE(Y5, 0(SI)(R9*4))
	WHERE(Y6, 0(R8))
	WHERE(Y7, 0(R8)(R9*4))
	ADDQ      $32, SI
	ADDQ      $32, R8
	ADDQ      $32, DI
	ADDQ      $8, DX
	SUBQ      $8, CX
	JNZ       eight
	VZEROUPPER
	RET
