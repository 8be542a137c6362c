using System.Globalization;

namespace Pantry.Daemon.Views;

/// <summary>Times in tables: local, to the second.</summary>
internal static class Moment
{
    public static string Of(DateTimeOffset? time) => time?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";
}
