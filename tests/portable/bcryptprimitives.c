// For Wine before version 9, which lacks this DLL: random numbers by the function that it has.
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID at, ULONG len);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE at, SIZE_T len) { return SystemFunction036(at, (ULONG)len); }
