#pragma once
// For a program that stands in front of calls of the C library: the call behind its own. (Linux.)

#include <dlfcn.h>

template <typename Function>
Function* next_of(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}
