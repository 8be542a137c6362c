using System.Text;

namespace Pantry.Transport.Gates;

/// <summary>User and password of a proxy's address. Never part of a message.</summary>
internal sealed class ProxyCredentials
{
    private ProxyCredentials(string user, string password)
    {
        User = Encoding.UTF8.GetBytes(user);
        Password = Encoding.UTF8.GetBytes(password);
    }

    public byte[] User { get; }

    public byte[] Password { get; }

    public static ProxyCredentials? From(Uri proxy)
    {
        if (proxy.UserInfo.Length == 0)
            return null;
        string[] parts = proxy.UserInfo.Split(':', 2);
        return new ProxyCredentials(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }

    /// <summary>For a Basic authorization header.</summary>
    public string Basic() => Convert.ToBase64String([.. User, (byte)':', .. Password]);
}
