# libfmt, compiled once into a static library of ours from Debian's headers. Header-only use costs three seconds of
# compile time per file; Debian's shared library would pull the shared libstdc++ into the daemon, and with it half a
# millisecond of start-up. Without locales: nobody here formats with them, and libstdc++'s would be a thousand
# relocations at each start.
find_package(fmt REQUIRED)

file(WRITE ${CMAKE_BINARY_DIR}/generated/fmt_instance.cpp.new "#define FMT_STATIC_THOUSANDS_SEPARATOR ','
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float) noexcept;
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double) noexcept;
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);
template void buffer<char>::append(const char*, const char*);
template void vformat_to(buffer<char>&, string_view, basic_format_args<buffer_context<char>>, locale_ref);
}  // namespace detail
FMT_END_NAMESPACE
")
file(COPY_FILE ${CMAKE_BINARY_DIR}/generated/fmt_instance.cpp.new ${CMAKE_BINARY_DIR}/generated/fmt_instance.cpp
  ONLY_IF_DIFFERENT)

add_library(uflush_fmt STATIC ${CMAKE_BINARY_DIR}/generated/fmt_instance.cpp)
target_include_directories(uflush_fmt SYSTEM PUBLIC $<TARGET_PROPERTY:fmt::fmt,INTERFACE_INCLUDE_DIRECTORIES>)
