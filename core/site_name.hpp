/// From a site as clients write it to the name of its logfile (BEHAVIOUR.md 4.2).
///
/// `bücher.example` is kept in `xn__bcher_kva_example`. Sites that differ only in punctuation share a
/// logfile; that is the format on disk, which other programs read.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/idna.hpp"
#include "core/keyed_hash.hpp"

namespace uflush {

/// What became of a site.
struct SiteName {
  /// The name of the logfile; empty when the site has none and is to be denied.
  std::string_view logfile;
  /// Why it has none, as a text for a warning. Empty also when that was said before.
  std::string_view warning;
};

/// The logfile name of a plain site, without ICU: ASCII labels that UTS #46 only lower-cases. Returns the
/// number of bytes written to `logfile`, 0 when ICU must decide.
[[nodiscard]] std::size_t plain_site_name(std::string_view site, std::array<char, 256>& logfile) noexcept;

/// Maps sites and remembers the last 256 that needed ICU, failures included: a bad name that comes again and
/// again is logged once, until it has been forgotten.
class SiteNames {
 public:
  explicit SiteNames(Idna idna) noexcept : idna_(idna) {}

  /// The views live until the next call.
  [[nodiscard]] SiteName map(std::string_view site);

  /// What the name of the logfile is made of, for the verbose log. Not remembered.
  [[nodiscard]] std::string ascii_form(std::string_view site);

 private:
  struct Known {
    std::string site;
    std::string logfile;
    std::string warning;
  };

  [[nodiscard]] Known translate(std::string_view site);
  const Known& remember(Known known);

  IdnaMapper idna_;
  std::array<char, 256> plain_{};
  std::list<Known> known_;  ///< most recently used first
  std::unordered_map<std::string_view, std::list<Known>::iterator, KeyedTextHash> by_site_;
  Known too_long_;  ///< the answer for a site that is not worth remembering
};

}  // namespace uflush
