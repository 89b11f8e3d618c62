#pragma once
// Whether a sanitizer watches this program: MGAN_TEST_SANITIZED, of any kind;
// MGAN_TEST_ADDRESS_SANITIZER. Some replace the heap, and all make a program slow.

#if defined(__SANITIZE_ADDRESS__)
#define MGAN_TEST_ADDRESS_SANITIZER
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MGAN_TEST_SANITIZED
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MGAN_TEST_ADDRESS_SANITIZER
#endif
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define MGAN_TEST_SANITIZED
#endif
#endif
