using System.Globalization;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Configuration.Settings;

/// <summary>The kinds of values that configurations have.</summary>
internal static class SettingTypes
{
    public static readonly SettingType<string> Text = Checked("text", "a text", text => text);

    public static readonly SettingType<string> FilePath = new("path", "a path", text => (!text.Contains('\0', StringComparison.Ordinal), text), text => text);

    /// <summary>Without a port: those have keys of their own.</summary>
    public static readonly SettingType<string> Host = new("host", "an IPv4 address, an IPv6 address or a DNS name, without a port",
        text => Addresses.Parse(text, -1) is (var host, -1) ? (true, host) : (false, null), text => text);

    public static readonly SettingType<string> Address = Checked("address", "an address", text =>
    {
        _ = Addresses.Parse(text, 1);
        return text;
    });

    /// <summary>Where something listens; the port is part of it.</summary>
    public static readonly SettingType<ListenAddress> Listen = new("host:port", "a host and a port, such as 127.0.0.1:9464",
        text => Addresses.Parse(text, -1) is (var host, not -1 and var port) ? (true, new ListenAddress(host, port)) : (false, null), address => address.ToString());

    public static readonly SettingType<string> Identity = Checked("name", "a name", text => Names.RequireIdentity(text));

    public static readonly SettingType<PublicKey> ServerKey = new("key", "a public key", text => (true, PublicKey.Parse(text, "public key of the server")), key => key.ToString());

    public static readonly SettingType<VerifyKey> RootKey = new("key", "a root key", text => (true, VerifyKey.Parse(text)), key => Convert.ToBase64String(key.Bytes));

    /// <summary>May hold a password, which is not shown.</summary>
    public static readonly SettingType<Uri> Proxy = new("URL", "a proxy, as http://host:port or socks5://host:port, with user:password@ before the host where it wants them",
        text => Uri.TryCreate(text, UriKind.Absolute, out Uri? value) && value.Scheme is "http" or "socks5" && value.Host.Length > 0 ? (true, value) : (false, null),
        uri => uri.OriginalString)
    { Mask = uri => uri.UserInfo.Length == 0 ? uri.OriginalString : $"{uri.Scheme}://***@{uri.Authority}{uri.PathAndQuery.TrimEnd('/')}" };

    public static readonly SettingType<LogTarget> LogPlace = new("place", "stdout, stderr, syslog, journald, eventlog or the path of a file",
        text => LogTargets.Read(text) is { } target ? (true, target) : (false, null), target => target.ToString())
    { Choices = [.. LogTargets.Words] };

    public static SettingType<int> Port { get; } = Number("port", "a port", 0, 65535);

    public static SettingType<string> Segment(string what) => Checked("name", "a name", text => Names.RequireSegment(text, what)!);

    public static SettingType<int> Count(int least, int most = int.MaxValue) => Number("number", "a number", least, most);

    /// <summary>A length of time, such as 250ms, 30s, 5m, 1h or 7d; a bare number counts seconds.</summary>
    public static SettingType<TimeSpan> Duration(TimeSpan least, TimeSpan most) => new(
        "time", "a time such as 250ms, 30s, 5m, 1h or 7d", Quantity.ReadTime, Quantity.ShowTime)
    { Fault = time => time < least || time > most ? $"must be from {Quantity.ShowTime(least)} to {Quantity.ShowTime(most)}, not {Quantity.ShowTime(time)}" : null };

    /// <summary>A number of bytes, such as 500KB, 10MiB or 4GiB; a bare number counts bytes.</summary>
    public static SettingType<long> Size(long least, long most) => new(
        "size", "a size such as 500KB, 10MiB or 4GiB", Quantity.ReadSize, Quantity.ShowSize)
    { Fault = size => size < least || size > most ? $"must be from {Quantity.ShowSize(least)} to {Quantity.ShowSize(most)}, not {Quantity.ShowSize(size)}" : null };

    /// <summary>One of the names of an enumeration, in any case; <paramref name="also"/> are other words for them.</summary>
    public static SettingType<T> Choice<T>(string name, params (string Word, T Value)[] also)
        where T : struct, Enum
    {
        string[] choices = [.. Enum.GetNames<T>().Select(word => word.ToLowerInvariant())];
        return new SettingType<T>(name, $"one of {string.Join(", ", choices)}",
            text =>
            {
                string word = text.Trim().ToLowerInvariant();
                foreach ((string other, T meant) in also)
                {
                    if (other == word)
                        return (true, meant);
                }

                return choices.Contains(word) ? (true, Enum.Parse<T>(word, ignoreCase: true)) : (false, default);
            }, value => value.ToString().ToLowerInvariant())
        { Choices = choices };
    }

    private static SettingType<int> Number(string name, string what, int least, int most) => new(
        name, most == int.MaxValue ? $"{what} from {least}" : $"{what} from {least} to {most}",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most ? (true, value) : (false, 0),
        value => value.ToString(CultureInfo.InvariantCulture));

    private static SettingType<string> Checked(string name, string expected, Func<string, string> check) => new(
        name, expected, text => (true, check(text)), text => text);
}
