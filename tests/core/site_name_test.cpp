#include "core/site_name.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/utf8.hpp"

namespace uflush {
namespace {

using namespace std::literals;

std::string logfile_of(std::string_view site, Idna idna = Idna::idna2008) {
  SiteNames names(idna);
  return std::string(names.map(site).logfile);
}

std::string warning_about(std::string_view site) {
  SiteNames names(Idna::idna2008);
  return std::string(names.map(site).warning);
}

std::string why(std::string_view site) {
  constexpr std::string_view mark = "ASCII form: ";
  const std::string warning = warning_about(site);
  const std::size_t at = warning.find(mark);
  return at == std::string::npos ? warning : warning.substr(at + mark.size());
}

TEST(SiteName, LowersLettersAndTurnsPunctuationIntoUnderscores) {
  EXPECT_EQ(logfile_of("example.com"), "example_com");
  EXPECT_EQ(logfile_of("EXAMPLE.Com"), "example_com");
  EXPECT_EQ(logfile_of("a"), "a");
  EXPECT_EQ(logfile_of("_"), "_");
  EXPECT_EQ(logfile_of("1_2"), "1_2");
}

TEST(SiteName, LetsSitesThatDifferInPunctuationShareOneLogfile) {
  for (const auto site : {"ex_ample.com", "ex-ample.com", "ex.ample.com"})
    EXPECT_EQ(logfile_of(site), "ex_ample_com");
}

TEST(SiteName, MapsInternationalNamesToTheirAsciiForm) {
  for (const auto site :
       {"bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "XN--BCHER-KVA.example"})
    EXPECT_EQ(logfile_of(site), "xn__bcher_kva_example");
  EXPECT_EQ(logfile_of("faß.de"), "xn__fa_hia_de");
  EXPECT_EQ(logfile_of("a\u200db.de"), "xn__ab_m1t_de");  // no CONTEXTJ rule
  EXPECT_EQ(logfile_of("\u05d0a.de"), "xn__a_zhc_de");    // no BIDI rule
  EXPECT_EQ(logfile_of("\u0661\u0662.3"), "xn__9hbc_3");
}

TEST(SiteName, TakesFullWidthAndIdeographicDotsAsSeparators) {
  EXPECT_EQ(logfile_of("a\uff0eb"), "a_b");
  EXPECT_EQ(logfile_of("a\u3002b"), "a_b");
}

TEST(SiteName, FollowsIdna2003WhenAsked) {
  EXPECT_EQ(logfile_of("faß.de", Idna::transitional), "fass_de");
  EXPECT_EQ(logfile_of("σς.x", Idna::transitional), "xn__4xaa_x");
  EXPECT_EQ(logfile_of("a\u200db.de", Idna::transitional), "ab_de");
}

TEST(SiteName, HasNoLogfileForAddressesNumbersAndStrayCharacters) {
  for (const auto site : {"1.2.3.4", "[1.2.3.4]", "[IPv6:::1]", "12345", "example.com.", "a b.com",
                          "user@example.com", "x\x01y", "1\n2"}) {
    EXPECT_EQ(logfile_of(site), "") << site;
    EXPECT_EQ(why(site), "malformed ASCII label(s)") << site;
  }
}

// The words are those of the reference, release 3.7.11, for the same names.
TEST(SiteName, SaysWhyInTheWordsOfTheReference) {
  EXPECT_EQ(warning_about("ex..com"),
            "midna_domain_to_ascii_create: Problem translating domain \"ex..com\" to ASCII form: "
            "UIDNA_ERROR_EMPTY_LABEL");
  EXPECT_EQ(why(""), "UIDNA_ERROR_EMPTY_LABEL");
  EXPECT_EQ(why("-"), "UIDNA_ERROR_LEADING_HYPHEN,UIDNA_ERROR_TRAILING_HYPHEN");
  EXPECT_EQ(why("ab--cd.com"), "UIDNA_ERROR_HYPHEN_3_4");
  EXPECT_EQ(why("xn--zz!!.com"), "UIDNA_ERROR_PUNYCODE");
  EXPECT_EQ(why("xn--a"), "UIDNA_ERROR_INVALID_ACE_LABEL");
  EXPECT_EQ(why("xn--www-ggi.x"), "UIDNA_ERROR_LEADING_COMBINING_MARK,UIDNA_ERROR_INVALID_ACE_LABEL");
  EXPECT_EQ(why("\u0378.x"), "UIDNA_ERROR_DISALLOWED");
  EXPECT_EQ(why("b\xfc"
                "cher.x"),
            "malformed UTF-8");
}

TEST(SiteName, StopsAtTheLimitsOfTheDomainNameSystem) {
  EXPECT_EQ(logfile_of(std::string(63, 'x').append(".de")).size(), 66u);
  EXPECT_EQ(why(std::string(64, 'x').append(".de")), "UIDNA_ERROR_LABEL_TOO_LONG");
  std::string long_name;
  for (int i = 0; i < 24; ++i) long_name += "aaaaaaaaa.";
  long_name.append(13, 'x');
  EXPECT_EQ(logfile_of(long_name).size(), 253u);
  long_name.append(1, 'x');
  EXPECT_EQ(why(long_name), "UIDNA_ERROR_DOMAIN_NAME_TOO_LONG");
  EXPECT_EQ(why(std::string(100000, 'a')), "UIDNA_ERROR_LABEL_TOO_LONG,UIDNA_ERROR_DOMAIN_NAME_TOO_LONG");
  std::string accents;
  for (int i = 0; i < 1100; ++i) accents += "é";
  EXPECT_EQ(why(accents), "U_INPUT_TOO_LONG_ERROR");
}

TEST(SiteName, QuotesTheFirstHundredBytesOfABadSite) {
  const std::string site(300, 'a');
  EXPECT_THAT(warning_about(site),
              testing::HasSubstr(fmt::format("domain \"{}\" to", std::string(100, 'a'))));
}

TEST(SiteName, ComplainsOnceAboutABadSiteUntilItIsForgotten) {
  SiteNames names(Idna::idna2008);
  EXPECT_NE(names.map("1.2.3.4").warning, "");
  const SiteName again = names.map("1.2.3.4");
  EXPECT_EQ(again.warning, "");
  EXPECT_EQ(again.logfile, "");
  for (int i = 0; i < 255; ++i) EXPECT_NE(names.map(fmt::format("a.{}..b", i)).warning, "");
  EXPECT_EQ(names.map("1.2.3.4").warning, "") << "was used last, so it is still known";
  for (int i = 0; i < 256; ++i) EXPECT_NE(names.map(fmt::format("b.{}..b", i)).warning, "");
  EXPECT_NE(names.map("1.2.3.4").warning, "");
}

TEST(SiteName, RemembersTranslationsOfGoodNames) {
  SiteNames names(Idna::idna2008);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(names.map("bücher.example").logfile, "xn__bcher_kva_example");
}

TEST(SiteName, DoesNotRememberSitesOfAbsurdLength) {
  SiteNames names(Idna::idna2008);
  const std::string site(5000, 'a');
  EXPECT_NE(names.map(site).warning, "");
  EXPECT_NE(names.map(site).warning, "");
}

/// What the long way says, from ICU's answer.
std::string by_icu(IdnaMapper& idna, std::string_view site) {
  std::string name = idna.to_ascii(site).ascii;
  for (char& c : name)
    if (c == '-' || c == '.') c = '_';
  return name;
}

TEST(SiteName, IsTheSameWithAndWithoutIcuForRandomPlainNames) {
  std::mt19937 random(20220711);
  constexpr std::string_view alphabet = "abcXYZ019--__...xnXN";
  IdnaMapper idna(Idna::idna2008);
  std::size_t plain_count = 0;
  std::array<char, 256> logfile{};
  for (int round = 0; round < 50000; ++round) {
    std::string site(1 + random() % (round % 50 == 0 ? 300 : 14), '\0');
    for (char& c : site) c = alphabet[random() % alphabet.size()];
    const std::size_t length = plain_site_name(site, logfile);
    if (length == 0) continue;
    ++plain_count;
    ASSERT_EQ(std::string_view(logfile.data(), length), by_icu(idna, site)) << site;
  }
  EXPECT_GT(plain_count, 10000u);
}

TEST(SiteName, LeavesEveryOtherByteToIcu) {
  std::array<char, 256> logfile{};
  for (int c = 0; c < 256; ++c) {
    const std::string site{'a', static_cast<char>(c), 'b'};
    const bool plain = plain_site_name(site, logfile) > 0;
    const bool expected = c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.');
    EXPECT_EQ(plain, expected) << c;
  }
}

TEST(SiteName, NeedsNoIcuForOrdinaryNames) {
  std::array<char, 256> logfile{};
  for (const auto site : {"example.com", "a", "3com.example", "_dmarc.x-y.example", "1-2.3"})
    EXPECT_GT(plain_site_name(site, logfile), 0u) << site;
}

TEST(Utf8, AcceptsExactlyWhatRfc3629Allows) {
  for (const auto text : {""sv, "a"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
                          "\xee\x80\x80"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "x\xc3\xbcy"sv})
    EXPECT_TRUE(is_valid_utf8(text)) << testing::PrintToString(text);
  for (const auto text : {"\x80"sv, "\xc1\xbf"sv, "\xc3"sv, "\xc3x"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv,
                          "\xe2\x82"sv, "\xe2\x82x"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
                          "\xf5\x80\x80\x80"sv, "\xf1\x80\x80"sv, "\xff"sv})
    EXPECT_FALSE(is_valid_utf8(text)) << testing::PrintToString(text);
}

}  // namespace
}  // namespace uflush
