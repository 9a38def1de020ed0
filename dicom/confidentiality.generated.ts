// Made by scripts/generate-dicom-tables.mjs. Do not edit.
// Source: ps3-15-e1-1.json, sha256 a99a35d1278e2bace8d90ff791b11aea2d45f1e3e1230388eb5224c9dbcd29e6

/**
 * PS3.15 table E.1-1, one attribute a line: tag (`x`: any digit; `private`: every odd group), the action of the Basic
 * Profile, then the action of each option that names one.
 */
export const CONFIDENTIALITY_ROWS = `00080050 Z
00184000 X cleanDescriptors=C
00400555 X/Z cleanStructuredContent=C
00080022 X/Z retainLongFullDates=K retainLongModifiedDates=C
0008002A X/Z/D retainLongFullDates=K retainLongModifiedDates=C
00181400 X/D cleanDescriptors=C
001811BB D cleanDescriptors=C
00189424 X cleanDescriptors=C
00080032 X/Z retainLongFullDates=K retainLongModifiedDates=C
00080017 U retainUids=K
00404035 X
001021B0 X cleanDescriptors=C
0040A353 X
00380010 X
00380020 X retainLongFullDates=K retainLongModifiedDates=C
00081084 X cleanDescriptors=C
00081080 X cleanDescriptors=C
00380021 X retainLongFullDates=K retainLongModifiedDates=C
00001000 X retainUids=K
00102110 X retainPatientCharacteristics=C cleanDescriptors=C
006A0006 X cleanDescriptors=C
006A0005 D cleanDescriptors=C
006A0003 D retainUids=K
00440004 X retainLongFullDates=K retainLongModifiedDates=C
40000010 X
00440104 D retainLongFullDates=K retainLongModifiedDates=C
00440105 X retainLongFullDates=K retainLongModifiedDates=C
04000562 D retainLongFullDates=K retainLongModifiedDates=C
0040A078 X
22000005 X/Z
300A00C3 X cleanDescriptors=C
300C0127 D retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
300A00DD X cleanDescriptors=C
00101081 X
0014407E X retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
00181203 Z retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
0014407C X retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
0016004D X
00181007 X retainDeviceIdentity=K
04000115 D
04000310 X retainLongFullDates=K retainLongModifiedDates=C
00120060 Z retainInstitutionIdentity=K
00120082 X
00120081 D retainInstitutionIdentity=K
00120020 D
00120021 Z
00120072 X cleanDescriptors=C
00120071 X
00120030 Z retainInstitutionIdentity=K
00120031 Z retainInstitutionIdentity=K
00120010 D
00120040 D
00120042 D
00120051 X cleanDescriptors=C
00120050 Z
00400310 X cleanDescriptors=C
00400280 X cleanDescriptors=C
300A02EB X cleanDescriptors=C
00209161 U retainUids=K
3010000F Z cleanDescriptors=C
30100017 Z cleanDescriptors=C
30100006 U retainUids=K
00403001 X
30100013 U retainUids=K
0008009C Z
0008009D X
0050001B X
0040051A X cleanDescriptors=C
00400512 D
00700086 X
00700084 Z/D
00080023 Z/D retainLongFullDates=K retainLongModifiedDates=C
0040A730 D cleanStructuredContent=C
00080033 Z/D retainLongFullDates=K retainLongModifiedDates=C
00080107 D retainLongFullDates=K retainLongModifiedDates=C
00080106 D retainLongFullDates=K retainLongModifiedDates=C
00180010 Z/D cleanDescriptors=C
00181042 X retainLongFullDates=K retainLongModifiedDates=C
00181043 X retainLongFullDates=K retainLongModifiedDates=C
0018A002 X retainLongFullDates=K retainLongModifiedDates=C
0018A003 X cleanDescriptors=C
00102150 X
21000040 X retainLongFullDates=K retainLongModifiedDates=C
21000050 X retainLongFullDates=K retainLongModifiedDates=C
0040A307 X
00380300 X
50xxxxxx X cleanGraphics=C
00080025 X retainLongFullDates=K retainLongModifiedDates=C
00080035 X retainLongFullDates=K retainLongModifiedDates=C
0040A07C X
FFFCFFFC X
0040A121 D retainLongFullDates=K retainLongModifiedDates=C
0040A110 X retainLongFullDates=K retainLongModifiedDates=C
00181205 X retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
00181200 X retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
0018700C X/D retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
00181204 X retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
00181012 X retainLongFullDates=K retainLongModifiedDates=C
0040A120 D retainLongFullDates=K retainLongModifiedDates=C
00181202 X retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
00189701 D retainLongFullDates=K retainLongModifiedDates=C
0018937F X cleanDescriptors=C
00082111 X cleanDescriptors=C
21000140 D retainDeviceIdentity=C
0018700A X/D retainDeviceIdentity=K
3010001B Z
00500020 X retainDeviceIdentity=K
3010002D D retainDeviceIdentity=K
00181000 X/Z/D retainDeviceIdentity=K
0016004B X cleanDescriptors=C
00181002 U retainUids=K retainDeviceIdentity=K
04000105 D retainLongFullDates=K retainLongModifiedDates=C
FFFAFFFA X
04000100 U
00209164 U retainUids=K
00380030 X retainLongFullDates=K retainLongModifiedDates=C
00380040 X cleanDescriptors=C
00380032 X retainLongFullDates=K retainLongModifiedDates=C
300A079A X cleanDescriptors=C
4008011A X
40080119 X
300A0016 X cleanDescriptors=C
300A0013 U retainUids=K
3010006E U retainUids=K
00686226 D retainLongFullDates=K retainLongModifiedDates=C
00420011 D
00189517 X/D retainLongFullDates=K retainLongModifiedDates=C
30100037 X cleanDescriptors=C
30100035 D cleanDescriptors=C
30100038 D cleanDescriptors=C
30100036 X cleanDescriptors=C
300A0676 X cleanDescriptors=C
00120087 X retainLongFullDates=K retainLongModifiedDates=C
00120086 X retainLongFullDates=K retainLongModifiedDates=C
00102160 X retainPatientCharacteristics=K
00189804 D retainLongFullDates=K retainLongModifiedDates=C
00404011 X retainLongFullDates=K retainLongModifiedDates=C
00080058 U retainUids=K
0070031A U retainUids=K
00402017 Z
003A032B X cleanDescriptors=C
0040A023 X retainLongFullDates=K retainLongModifiedDates=C
0040A024 X retainLongFullDates=K retainLongModifiedDates=C
30080054 X/D retainLongFullDates=K retainLongModifiedDates=C
300A0196 X cleanDescriptors=C
00340002 D
00340001 D
3010007F Z cleanDescriptors=C
300A0072 X cleanDescriptors=C
00189074 D retainLongFullDates=K retainLongModifiedDates=C
00209158 X cleanDescriptors=C
00200052 U retainUids=K
00340007 D retainLongFullDates=K retainLongModifiedDates=C
00189151 D retainLongFullDates=K retainLongModifiedDates=C
00189623 D retainLongFullDates=K retainLongModifiedDates=C
00181008 X retainDeviceIdentity=K
00181005 X retainDeviceIdentity=K
00160076 X
00160075 X
0016008C X
0016008D X retainLongFullDates=K retainLongModifiedDates=C
00160088 X
00160087 X
0016008A X
00160089 X
00160084 X
00160083 X
00160086 X
00160085 X
0016008E X
0016007B X
00160081 X
00160080 X
00160072 X
00160071 X
00160074 X
00160073 X
00160082 X
0016007A X
0016008B X
00160078 X
0016007D X
0016007C X
00160079 X
00160077 X
0016007F X
0016007E X
00160070 X
00700001 D cleanGraphics=C
0072000A D retainLongFullDates=K retainLongModifiedDates=C
0040E004 X retainLongFullDates=K retainLongModifiedDates=C
00404037 X
00404036 X
00880200 X
00084000 X cleanDescriptors=C
00204000 X cleanDescriptors=C
00284000 X
00402400 X cleanDescriptors=C
003A0314 D retainLongFullDates=K retainLongModifiedDates=C
40080300 X cleanDescriptors=C
00686270 D retainLongFullDates=K retainLongModifiedDates=C
00080015 X retainLongFullDates=K retainLongModifiedDates=C
00080012 X/D retainLongFullDates=K retainLongModifiedDates=C
00080013 X/Z/D retainLongFullDates=K retainLongModifiedDates=C
00080014 U retainUids=K
04000600 X
00080081 X retainInstitutionIdentity=K
00081040 X retainInstitutionIdentity=K
00081041 X retainInstitutionIdentity=K
00080082 X/Z/D retainInstitutionIdentity=K
00080080 X/Z/D retainInstitutionIdentity=K
00189919 Z/D retainLongFullDates=K retainLongModifiedDates=C
00101050 X
30100085 X retainLongFullDates=K retainLongModifiedDates=C
3010004D X/D retainLongFullDates=K retainLongModifiedDates=C
3010004C X/D retainLongFullDates=K retainLongModifiedDates=C
00401011 X
300A0741 D retainLongFullDates=K retainLongModifiedDates=C
300A0742 D cleanDescriptors=C
300A0783 D cleanDescriptors=C
40080112 X retainLongFullDates=K retainLongModifiedDates=C
40080113 X retainLongFullDates=K retainLongModifiedDates=C
40080111 X
4008010C X
40080115 X cleanDescriptors=C
40080200 X
40080202 X
40080100 X retainLongFullDates=K retainLongModifiedDates=C
40080101 X retainLongFullDates=K retainLongModifiedDates=C
40080102 X
4008010B X cleanDescriptors=C
4008010A X
40080108 X retainLongFullDates=K retainLongModifiedDates=C
40080109 X retainLongFullDates=K retainLongModifiedDates=C
00180035 X retainLongFullDates=K retainLongModifiedDates=C
00180027 X retainLongFullDates=K retainLongModifiedDates=C
00083010 U retainUids=K
00402004 X retainLongFullDates=K retainLongModifiedDates=C
00380011 X
00380014 X
00120022 X
00120073 X
00120032 X
00120041 X
00120043 X
00120055 X
00100021 X
00380061 X
00380064 X
00400513 Z
00400562 Z
00402005 X retainLongFullDates=K retainLongModifiedDates=C
22000002 X/Z cleanDescriptors=C
00281214 U retainUids=K
001021D0 X retainLongFullDates=K retainLongModifiedDates=C
0016004F X retainDeviceIdentity=K
00160050 X retainDeviceIdentity=K
00160051 X retainDeviceIdentity=K
0016004E X retainDeviceIdentity=K
00500021 X cleanDescriptors=C
04000404 X
0016002B X cleanDescriptors=C
0018100B U retainUids=K retainDeviceIdentity=K
30100043 Z retainDeviceIdentity=K
00020003 U retainUids=K
00102000 X cleanDescriptors=C
00101090 X
00101080 X
04000550 X
00203403 X retainLongFullDates=K retainLongModifiedDates=C
00203406 X
00203405 X retainLongFullDates=K retainLongModifiedDates=C
00203401 X retainDeviceIdentity=K
04000563 D retainDeviceIdentity=K
30080056 X/D retainLongFullDates=K retainLongModifiedDates=C
0018937B X cleanDescriptors=C
003A0310 U retainUids=K
00081060 X
00401010 X
00081000 X retainDeviceIdentity=C
04000552 X
04000551 X
0040A192 X retainLongFullDates=K retainLongModifiedDates=C
0040A032 X/D retainLongFullDates=K retainLongModifiedDates=C
0040A033 X retainLongFullDates=K retainLongModifiedDates=C
0040A402 U retainUids=K
0040A193 X retainLongFullDates=K retainLongModifiedDates=C
0040A171 U retainUids=K
00102180 X cleanDescriptors=C
00081072 X/D
00081070 X/Z/D
00402010 X
00402011 X
00402008 X
00402009 X
04000561 X
21000070 X retainDeviceIdentity=C
00120023 X
00101000 X
00101002 X
00101001 X
60xx4000 X cleanGraphics=C
60xx3000 X cleanGraphics=C
00080024 X retainLongFullDates=K retainLongModifiedDates=C
00080034 X retainLongFullDates=K retainLongModifiedDates=C
300A0760 D retainLongFullDates=K retainLongModifiedDates=C
00281199 U retainUids=K
0040A07A X
0040A082 Z retainLongFullDates=K retainLongModifiedDates=C
00101040 X
00101010 X retainPatientCharacteristics=K
00100030 Z
00101005 X
00100032 X
00380400 X
00100050 X
00101060 X
00100010 Z
00100101 X
00100102 X
001021F0 X
00100040 Z retainPatientCharacteristics=K
00102203 X/Z retainPatientCharacteristics=K
00101020 X retainPatientCharacteristics=K
00102155 X
00102154 X
00101030 X retainPatientCharacteristics=K
00104000 X cleanDescriptors=C
00100020 Z/D
300A0794 X cleanDescriptors=C
300A0650 U retainUids=K
00380500 X retainPatientCharacteristics=C cleanDescriptors=C
00401004 X
300A0792 X cleanDescriptors=C
300A078E X cleanDescriptors=C
00400243 X
00400254 X cleanDescriptors=C
00400250 X retainLongFullDates=K retainLongModifiedDates=C
00404051 X retainLongFullDates=K retainLongModifiedDates=C
00400251 X retainLongFullDates=K retainLongModifiedDates=C
00400253 X
00400244 X retainLongFullDates=K retainLongModifiedDates=C
00404050 X retainLongFullDates=K retainLongModifiedDates=C
00400245 X retainLongFullDates=K retainLongModifiedDates=C
00400241 X retainDeviceIdentity=C
00404030 X retainDeviceIdentity=K
00400242 X retainDeviceIdentity=K
00404028 X retainDeviceIdentity=K
00081050 X
00081052 X
00401102 X
00401104 X
00401103 X
00401101 D
0040A123 D
00081048 X
00081049 X
00081062 X
40080114 X
00402016 Z
00181004 X retainDeviceIdentity=K
30020123 X cleanDescriptors=C
30020121 X cleanDescriptors=C
001021C0 X retainPatientCharacteristics=K
00400012 X retainPatientCharacteristics=C
300A000E X cleanDescriptors=C
3010007B Z cleanDescriptors=C
30100081 Z cleanDescriptors=C
00700082 X retainLongFullDates=K retainLongModifiedDates=C
00700083 X retainLongFullDates=K retainLongModifiedDates=C
00701101 U retainUids=K
00701102 U retainUids=K
30100061 X cleanDescriptors=C
private X retainSafePrivate=C
00404052 X retainLongFullDates=K retainLongModifiedDates=C
0044000B X retainLongFullDates=K retainLongModifiedDates=C
00181030 X/D cleanDescriptors=C
00081088 X cleanDescriptors=C
00200027 X cleanDescriptors=C
00080019 U retainUids=K
300A0619 D cleanDescriptors=C
300A0623 D cleanDescriptors=C
300A067D Z cleanDescriptors=C
300A067C D cleanDescriptors=C
00181078 X retainLongFullDates=K retainLongModifiedDates=C
00181072 X retainLongFullDates=K retainLongModifiedDates=C
00181079 X retainLongFullDates=K retainLongModifiedDates=C
00181073 X retainLongFullDates=K retainLongModifiedDates=C
300C0113 X cleanDescriptors=C
0040100A X cleanDescriptors=C
00321030 X cleanDescriptors=C
3010005C Z cleanDescriptors=C
04000565 D cleanDescriptors=C
00402001 X cleanDescriptors=C
00401002 X cleanDescriptors=C
00321066 X cleanDescriptors=C
00321067 X cleanDescriptors=C
00741234 X retainDeviceIdentity=C
300A073A D retainLongFullDates=K retainLongModifiedDates=C
3010000B U retainUids=K
0040A13A D retainLongFullDates=K retainLongModifiedDates=C
04000402 X
300A0083 U retainUids=K
3010006F U retainUids=K
30100031 U retainUids=K
30060024 U retainUids=K
00404023 U retainUids=K
00081140 X/Z/U* retainUids=K
0040A172 U retainUids=K
00380004 X
00101100 X
00081120 X retainUids=K
00081111 X/Z/D retainUids=K
04000403 X
00081155 U retainUids=K
00041511 U retainUids=K
00081110 X/Z retainUids=K
300A0785 U retainUids=K
00080092 X
00080090 Z
00080094 X
00080096 X
00102152 X
300600C2 U retainUids=K
00400275 X cleanDescriptors=C
00321070 X cleanDescriptors=C
00401400 X cleanDescriptors=C
00321060 X/Z cleanDescriptors=C
00401001 X
00401005 X
00189937 X cleanDescriptors=C
00001001 U retainUids=K
00741236 X retainDeviceIdentity=C
00321032 X
00321033 X
00189185 X cleanDescriptors=C
00102299 X
00102297 X
40084000 X cleanDescriptors=C
40080118 X
40080040 X
40080042 X
00080054 X retainDeviceIdentity=C
300E0004 Z retainLongFullDates=K retainLongModifiedDates=C
300E0008 X/Z
300E0005 Z retainLongFullDates=K retainLongModifiedDates=C
3006004D X
3006002D X retainLongFullDates=K retainLongModifiedDates=C
30060028 X cleanDescriptors=C
30060038 X cleanDescriptors=C
300600A6 Z
3006004E X
30060026 Z cleanDescriptors=C
3006002E X retainLongFullDates=K retainLongModifiedDates=C
30060088 X cleanDescriptors=C
30060085 X cleanDescriptors=C
300A0615 Z
300A0611 Z
3010005A Z cleanDescriptors=C
300A0006 X/D retainLongFullDates=K retainLongModifiedDates=C
300A0004 X cleanDescriptors=C
300A0002 D cleanDescriptors=C
300A0003 X cleanDescriptors=C
300A0007 X/D retainLongFullDates=K retainLongModifiedDates=C
30100054 D cleanDescriptors=C
300A062A D cleanDescriptors=C
30100056 X/D cleanDescriptors=C
3010003B U retainUids=K
30080162 D retainLongFullDates=K retainLongModifiedDates=C
30080164 D retainLongFullDates=K retainLongModifiedDates=C
30080166 D retainLongFullDates=K retainLongModifiedDates=C
30080168 D retainLongFullDates=K retainLongModifiedDates=C
0038001A X retainLongFullDates=K retainLongModifiedDates=C
0038001B X retainLongFullDates=K retainLongModifiedDates=C
0038001C X retainLongFullDates=K retainLongModifiedDates=C
0038001D X retainLongFullDates=K retainLongModifiedDates=C
00404034 X
0038001E X
00400006 X
0040000B X
00400007 X cleanDescriptors=C
00400004 X retainLongFullDates=K retainLongModifiedDates=C
00400005 X retainLongFullDates=K retainLongModifiedDates=C
00404008 X retainLongFullDates=K retainLongModifiedDates=C
00400009 X
00400011 X retainDeviceIdentity=K
00404010 X retainLongFullDates=K retainLongModifiedDates=C
00400002 X retainLongFullDates=K retainLongModifiedDates=C
00404005 X retainLongFullDates=K retainLongModifiedDates=C
00400003 X retainLongFullDates=K retainLongModifiedDates=C
00400001 X retainDeviceIdentity=C
00404027 X retainDeviceIdentity=K
00400010 X retainDeviceIdentity=K
00404025 X retainDeviceIdentity=K
00321020 X retainDeviceIdentity=K
00321021 X retainDeviceIdentity=C
00321000 X retainLongFullDates=K retainLongModifiedDates=C
00321001 X retainLongFullDates=K retainLongModifiedDates=C
00321010 X retainLongFullDates=K retainLongModifiedDates=C
00321011 X retainLongFullDates=K retainLongModifiedDates=C
0072005E D retainDeviceIdentity=C
0072005F D retainPatientCharacteristics=K
00720061 D retainLongFullDates=K retainLongModifiedDates=C
00720063 D retainLongFullDates=K retainLongModifiedDates=C
00720066 D cleanDescriptors=C
00720068 D cleanDescriptors=C
00720065 D
0072006A D
0072006C D cleanDescriptors=C
0072006E D cleanDescriptors=C
0072006B D retainLongFullDates=K retainLongModifiedDates=C
0072006D D
00720071 D
00720070 D cleanDescriptors=C
00080021 X/D retainLongFullDates=K retainLongModifiedDates=C
0008103E X cleanDescriptors=C
0020000E U retainUids=K
00080031 X/D retainLongFullDates=K retainLongModifiedDates=C
00380062 X cleanDescriptors=C
00380060 X
300A01B2 X cleanDescriptors=C
300A01A6 X cleanDescriptors=C
004006FA X
001021A0 X retainPatientCharacteristics=K
01000420 X retainLongFullDates=K retainLongModifiedDates=C
00080018 U retainUids=K
30100015 U retainUids=K
0018936A D retainLongFullDates=K retainLongModifiedDates=C
00640003 U retainUids=K
00340005 D
00082112 X/Z/U* retainUids=K
300A0216 X retainDeviceIdentity=K
04000564 Z retainInstitutionIdentity=K
30080105 X/Z retainDeviceIdentity=K
00189369 D retainLongFullDates=K retainLongModifiedDates=C
300A022C D retainLongFullDates=K retainLongModifiedDates=C
300A022E D retainLongFullDates=K retainLongModifiedDates=C
00380050 X retainPatientCharacteristics=C
0040050A X
00400602 X cleanDescriptors=C
00400551 D
00400610 Z cleanStructuredContent=C
00400600 X cleanDescriptors=C
00400554 U retainUids=K
00189516 X/D retainLongFullDates=K retainLongModifiedDates=C
00080055 X retainDeviceIdentity=C
00081010 X/Z/D retainDeviceIdentity=K
00880140 U retainUids=K
30060008 Z retainLongFullDates=K retainLongModifiedDates=C
30060006 X cleanDescriptors=C
30060002 D cleanDescriptors=C
30060004 X cleanDescriptors=C
30060009 Z retainLongFullDates=K retainLongModifiedDates=C
00321040 X retainLongFullDates=K retainLongModifiedDates=C
00321041 X retainLongFullDates=K retainLongModifiedDates=C
00324000 X cleanDescriptors=C
00321050 X retainLongFullDates=K retainLongModifiedDates=C
00321051 X retainLongFullDates=K retainLongModifiedDates=C
00080020 Z retainLongFullDates=K retainLongModifiedDates=C
00081030 X cleanDescriptors=C
00200010 Z
00320012 X
0020000D U retainUids=K
00320034 X retainLongFullDates=K retainLongModifiedDates=C
00320035 X retainLongFullDates=K retainLongModifiedDates=C
00080030 Z retainLongFullDates=K retainLongModifiedDates=C
00320032 X retainLongFullDates=K retainLongModifiedDates=C
00320033 X retainLongFullDates=K retainLongModifiedDates=C
00440010 X retainLongFullDates=K retainLongModifiedDates=C
00200200 U retainUids=K
00182042 U retainUids=K
0040A354 X
0040DB0D U retainUids=K
0040DB0C U retainUids=K
0040DB07 X retainLongFullDates=K retainLongModifiedDates=C
0040DB06 X retainLongFullDates=K retainLongModifiedDates=C
40004000 X
20300020 X
0040A122 D retainLongFullDates=K retainLongModifiedDates=C
0040A112 X retainLongFullDates=K retainLongModifiedDates=C
00181201 X retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
0018700E X/D retainDeviceIdentity=K retainLongFullDates=K retainLongModifiedDates=C
00181014 X retainLongFullDates=K retainLongModifiedDates=C
00080201 X retainLongFullDates=K retainLongModifiedDates=C
00880910 X
00880912 X
00880906 X
00880904 X
00620021 U retainUids=K
00081195 U retainUids=K
00185011 X retainDeviceIdentity=K
30080024 D retainLongFullDates=K retainLongModifiedDates=C
30080025 D retainLongFullDates=K retainLongModifiedDates=C
30080250 X/D retainLongFullDates=K retainLongModifiedDates=C
300A00B2 X/Z retainDeviceIdentity=K
300A0608 D cleanDescriptors=C
300A0609 U retainUids=K
300A0700 U retainUids=K
30100077 X/D cleanDescriptors=C
300A000B X cleanDescriptors=C
3010007A Z cleanDescriptors=C
30080251 X/D retainLongFullDates=K retainLongModifiedDates=C
300A0736 D retainLongFullDates=K retainLongModifiedDates=C
300A0734 D cleanDescriptors=C
0018100A X retainDeviceIdentity=K
0040A124 U
00181009 X retainDeviceIdentity=K
30100033 D cleanDescriptors=C
30100034 D cleanDescriptors=C
0040A352 X
0040A358 X
0040A030 D retainLongFullDates=K retainLongModifiedDates=C
0040A088 Z
0040A075 D
0040A073 D
0040A027 D
00384000 X cleanDescriptors=C
003A0329 X cleanDescriptors=C
00189371 D retainDeviceIdentity=K
00189373 X retainDeviceIdentity=K
00189367 D retainDeviceIdentity=K`;
