using System.Security.Cryptography;

namespace Pantry.Transport.Gates;

/// <summary>
/// The identity under which a gate introduces itself to our ROUTER. Random, so that another program which finds the
/// endpoint cannot pass for the gate; new for each link, so that a ROUTER which still holds the former one takes it.
/// </summary>
internal static class LinkName
{
    private const int Length = 24;

    public static byte[] NewRandom()
    {
        byte[] name = RandomNumberGenerator.GetBytes(Length);
        // A zero in front is how ROUTER begins the names that it gives itself.
        name[0] |= 1;
        return name;
    }
}
