using System.Text;
using Pantry.Targeting;

namespace Pantry.Hosting;

/// <summary>The identity of a client that was given none.</summary>
internal static class HostName
{
    /// <summary>The host's name with what names may not have left out.</summary>
    public static string AsIdentity()
    {
        var name = new StringBuilder();
        foreach (string segment in Environment.MachineName.ToLowerInvariant().Split('.'))
        {
            string clean = new([.. segment.Select(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' ? character : '-')]);
            clean = clean.TrimStart('-', '_');
            if (clean.Length > 0)
                name.Append(name.Length > 0 ? "." : "").Append(clean.AsSpan(0, Math.Min(clean.Length, Names.MaxSegmentLength)));
        }

        return name.Length > 0 ? name.ToString() : "client";
    }
}
